import { pageRequest, toConnection, writtenRecord } from '@caregraph/subgraph';
import type { Resolvers } from '../../generated/resolvers.ts';
import { expiryKey } from './stock.store.ts';

export const stockResolvers: Resolvers = {
  Query: {
    stockBatch: (_root, { id }, { stores }) => stores.stock.find(id),
    async stock(_root, { medicineCode, expiringBefore, includeEmpty, ...args }, { stores, scope }) {
      const { institutionId } = scope;
      const filter = { medicineCode, expiringBefore, includeEmpty };
      const page = pageRequest('Query.stock', args, [institutionId, filter]);
      const batches = await stores.stock.ofInstitution(institutionId, page, filter);
      return toConnection(batches, page, expiryKey);
    },
  },
  StockBatch: {
    __resolveReference: ({ id }, { stores }) => stores.stock.find(id),
    institution: ({ institutionId }) => ({ id: institutionId }),
    medicine: ({ medicineCode }, _args, { stores }) => stores.medicine.known(medicineCode),
    async movements({ id }, args, { stores }) {
      const page = pageRequest('StockBatch.movements', args, id);
      const lines = await stores.stock.ledger(id, page);
      return toConnection(lines, page, ({ sequence }) => [String(sequence)]);
    },
  },
  StockMovement: {
    recordedBy: ({ authorId }) => ({ id: authorId }),
  },
  Institution: {
    async stock({ id }, { medicineCode, expiringBefore, ...args }, { stores }) {
      const filter = { medicineCode, expiringBefore, includeEmpty: false };
      const page = pageRequest('Institution.stock', args, [id, filter]);
      if (!stores.stock.sees(id)) return null;
      return toConnection(await stores.stock.ofInstitution(id, page, filter), page, expiryKey);
    },
  },
  ReceiveStockReceipt: {
    stockBatch: (receipt, _args, { stores }) => writtenRecord(receipt, stores.stock.find),
  },
  AdjustStockReceipt: {
    stockBatch: (receipt, _args, { stores }) => writtenRecord(receipt, stores.stock.find),
  },
  DiscardStockReceipt: {
    stockBatch: (receipt, _args, { stores }) => writtenRecord(receipt, stores.stock.find),
  },
};
