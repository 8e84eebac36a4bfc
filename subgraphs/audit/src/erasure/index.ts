export { auditErasure } from './erasure.store.ts';
