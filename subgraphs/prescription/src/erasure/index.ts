export { prescriptionErasure } from './erasure.store.ts';
