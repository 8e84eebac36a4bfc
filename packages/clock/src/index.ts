export { systemClock, fixedClock, type Clock } from './clock.ts';
export { createIdSource, isUuidV7, type IdSource } from './id-source.ts';
