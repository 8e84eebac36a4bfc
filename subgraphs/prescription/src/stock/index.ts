export { stockConcept } from './stock.concept.ts';
export { bookLine } from './stock-ledger.store.ts';
export { createStockStore, lockBatch, type StockBatchRecord } from './stock.store.ts';
