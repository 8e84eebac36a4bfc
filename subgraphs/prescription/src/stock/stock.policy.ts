import { requires } from '@caregraph/access';

export const readsStock = requires('stock:read');

export const stockPolicies = {
  'Query.stockBatch': readsStock,
  'Query.stock': readsStock,
  'StockBatch.__resolveReference': readsStock,
};
