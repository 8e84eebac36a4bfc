export { systemClock, fixedClock, type Clock } from './clock.ts';
export { createIdSource, isUuidV7, nilUuid, type IdSource } from './id-source.ts';
