export { createBlindIndexer } from './blind-index.ts';
export type {
  BlindIndexer,
  Normalizer,
  NormalizerContext,
  Normalizers,
  TokenRequest,
} from './blind-index.ts';
export {
  eraseOwner,
  keysDestroyedAt,
  ownersErased,
  ownersNotErased,
} from './erasure/erase-owner.ts';
export { openAll } from './field-codec.ts';
export type { FieldCodec, Opening, OpenRequest, SealContext, SealRequest } from './field-codec.ts';
export { faultIn } from './field-fault.ts';
export type { ModelFields, PlainType, SealedFields } from './field-map.ts';
export { createKeyFileService, makeKeyFile } from './key-service/key-file/key-file-service.ts';
export { KeyServiceError } from './key-service/key-service-error.ts';
export type { KeyServiceErrorCode } from './key-service/key-service-error.ts';
export type { KeyService, KeyServiceKind } from './key-service/key-service.ts';
export { KeyDatabaseError } from './key-store/key-database-error.ts';
export { createKeyServiceWatch } from './keyring/key-service-watch.ts';
export type { KeyServiceState, KeyServiceWatch } from './keyring/key-service-watch.ts';
export type { KeyOwner } from './keyring/data-keys.ts';
export { keyringLimits, type KeyringLimits } from './keyring/keyring-limits.ts';
export { observeKeys } from './key-metrics.ts';
export { KeyJobError } from './job/set-aside.ts';
export { createJobStore } from './job/job-store.ts';
export { encodePlain } from './plain-value.ts';
export { SealError, sealErrorCodes } from './seal-error.ts';
export type { SealErrorCode, SealErrorPlace } from './seal-error.ts';
export { createSealing } from './sealing.ts';
export type { BlindIndexContext, Opened, Sealing, SealingDependencies, Stored } from './sealing.ts';
export { sealingExtension } from './sealing-extension.ts';
export { openStoreKeys, type StoreKeys, type StoreKeysOptions } from './store-keys.ts';
export { expectKeysThatFit } from './walk/keys-that-fit.ts';
export { settleSealedState } from './walk/settle-sealed-state.ts';
export { keyServiceConfigOf, keyServiceVariables } from './key-service/key-service-config.ts';
export { openKeyService } from './key-service/open-key-service.ts';
export { createKeyKeeper, describeJob } from './job/key-keeper.ts';
export type { KeyKeeper } from './job/key-keeper.ts';
export type { JobName, JobOutcome, JobRow, KeyJob } from './job/key-job.ts';
export type { MissingContext } from './walk/rewrite-rows.ts';
