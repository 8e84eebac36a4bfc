export { verifyCertificate } from './certificate.ts';
export { checkErasureList, type ListCheck } from './check-list.ts';
export {
  createErasure,
  type Erasure,
  type ErasureOptions,
  type ErasureOutcome,
} from './erase-person.ts';
export type { ErasureTarget } from './erase-store.ts';
export type { EarlierErasure, Erasable } from './find-person.ts';
export {
  erasureReasons,
  type ErasureCertificate,
  type ErasureEntry,
  type ErasureReason,
} from './list/erasure-entry.ts';
export { makeListMarker, markerPath } from './list/list-marker.ts';
export { openErasureList, type ErasureList } from './list/erasure-list.ts';
export { createErasureSigner, type ErasureSigner } from './list/erasure-signature.ts';
export { replayStore } from './replay-store.ts';
export { earlierList, startErasureList, type EarlierList } from './require-list.ts';
export { eraseFacts, eraseReference, knowsPatient } from './store/erase-facts.ts';
export {
  ErasureOvertaken,
  hasTombstone,
  holdOffWriters,
  inErasure,
  touched,
  writeTombstone,
  type ErasureTx,
} from './store/erasure-transaction.ts';
export { erasureEvent, leaveEvents } from './store/leave-events.ts';
export { scrubEvents, scrubWrites, type GoneRecord } from './store/scrub-logs.ts';
export type {
  ErasureOrder,
  RecordsOfPerson,
  RowsErased,
  StoreErasure,
} from './store/store-erasure.ts';
