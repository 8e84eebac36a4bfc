export { deviceConcept } from './device.concept.ts';
export { createDeviceStore } from './device.store.ts';
