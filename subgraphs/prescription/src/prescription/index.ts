export { prescriptionConcept } from './prescription.concept.ts';
export { allowsStep, stateAfterDispensing, stateOn } from './prescription.state.ts';
export { createPrescriptionStore } from './prescription.store.ts';
export {
  lockPrescription,
  writePrescription,
  type LockedPrescription,
} from './prescription-write.store.ts';
