export { clinicalErasure } from './erasure.store.ts';
