export { deviceConcept } from './device.concept.ts';
export { createDeviceStore, type DeviceRecord } from './device.store.ts';
