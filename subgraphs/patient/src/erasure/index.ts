export { patientErasure } from './erasure.store.ts';
