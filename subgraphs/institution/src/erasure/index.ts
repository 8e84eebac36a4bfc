export { institutionErasure } from './erasure.store.ts';
