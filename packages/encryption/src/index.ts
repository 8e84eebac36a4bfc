export { createBlindIndexer } from './blind-index.ts';
export type {
  BlindIndexer,
  Normalizer,
  NormalizerContext,
  Normalizers,
  TokenRequest,
} from './blind-index.ts';
export { plainCodec } from './field-codec.ts';
export type { FieldCodec, OpenRequest, SealContext, SealRequest } from './field-codec.ts';
export type { ModelFields, PlainType, SealedFields } from './field-map.ts';
export { SealError, sealErrorCodes } from './seal-error.ts';
export type { SealErrorCode, SealErrorPlace } from './seal-error.ts';
export { createSealing } from './sealing.ts';
export type { BlindIndexContext, Opened, Sealing, SealingDependencies } from './sealing.ts';
export { sealingExtension } from './sealing-extension.ts';
