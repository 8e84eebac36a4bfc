export { demoActors, type DemoActor } from './demo-actor.ts';
export { type District, type DistrictOptions, type GeneratedDistrict } from './district.ts';
export { familyName, givenName } from './name-list.ts';
export { generateDistrict } from './generate-district.ts';
export {
  loadDistrict,
  type LoadOptions,
  type LoadProgress,
  type LoadReceipt,
  type LoadSummary,
} from './load-district.ts';
export {
  phases,
  type BatchEntry,
  type DistrictOperation,
  type OperationInput,
  type Phase,
  type SubgraphName,
} from './operation-input.ts';
export { createRandom, type Random } from './random.ts';
export { type Staff, type StaffMember } from './staff.ts';
export { type Facility, type Place, type Territory, type Village } from './territory.ts';
