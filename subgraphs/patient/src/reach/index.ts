export { districtOf, placeAreas } from './district.store.ts';
export {
  keptForReview,
  onRecordOf,
  patientPlaced,
  refuseDuplicate,
  refuseUnreached,
  takesChanges,
  type PlacedPatient,
} from './reach.service.ts';
export {
  dependantsOf,
  isInTerritory,
  lockHousehold,
  lockPatient,
  worksIn,
  type Locked,
} from './reach.store.ts';
export { registeredAt } from './key-owner.store.ts';
export { createMissingDistricts } from './missing-district.store.ts';
