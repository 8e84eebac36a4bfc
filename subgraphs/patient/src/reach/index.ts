export { keptForReview, patientPlaced, refuseUnreached, takesChanges } from './reach.service.ts';
export { dependantsOf, lockHousehold, lockPatient, worksIn, type Locked } from './reach.store.ts';
