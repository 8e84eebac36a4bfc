/** Which service holds the key-encryption key. It stands beside every wrapped key. */
export type KeyServiceKind = 'key-file' | 'vault-transit' | 'aws-kms';

/** A key to wrap, and what it is for: the same `context` must be given to unwrap it. */
export interface WrapRequest {
  /** 32 bytes. The caller's; the service keeps no copy and does not change it. */
  readonly key: Uint8Array;
  /** At most 200 printable ASCII characters, e.g. `caregraph/patient/partition/<id>`. No secret. */
  readonly context: string;
}

/** A key that only the service can open again. */
export interface WrappedKey {
  /** The version of the KEK that wraps it: a positive integer, larger is later. */
  readonly kekVersion: number;
  /** At most 4 KiB; opaque to everybody but the driver that made it. */
  readonly wrapped: Uint8Array;
}

export interface UnwrapRequest extends WrappedKey {
  readonly context: string;
}

/**
 * The key service: it holds the key-encryption key (KEK), which never leaves it, and wraps and
 * unwraps other keys with it. One contract suite (`test-key-service-contract.ts`) holds for all
 * drivers.
 *
 * Every method throws `KeyServiceError`, but for a mistake of the caller (a key that is not 32
 * bytes, a context that is not ASCII, retiring the newest version), which is a `RangeError`.
 * Answers keep the order of the requests, and no request makes no call. A closed service throws
 * KEY_SERVICE_UNAVAILABLE.
 */
export interface KeyService {
  readonly kind: KeyServiceKind;
  /** Wraps with the newest version: one call of the service for 250 keys where it can batch. */
  wrapMany(requests: readonly WrapRequest[]): Promise<WrappedKey[]>;
  /** Fresh buffers of 32 bytes, the caller's to wipe. All or nothing. */
  unwrapMany(requests: readonly UnwrapRequest[]): Promise<Uint8Array[]>;
  /** The same keys under the newest version, without showing them to the caller. */
  rewrapMany(requests: readonly UnwrapRequest[]): Promise<WrappedKey[]>;
  /** The newest version, asked of the service. Also the probe of readiness. */
  currentVersion(): Promise<number>;
  /** Makes a new version, with which `wrapMany` works from now on; tried once. @returns it */
  rotate(): Promise<number>;
  /**
   * Makes all versions below `version` useless for good, where the service can. Rewrap first: what
   * they wrapped is lost.
   * @param version at most the newest
   * @returns false where it cannot (AWS KMS keeps old key material for as long as the key lives)
   */
  retireBelow(version: number): Promise<boolean>;
  /** Stops renewing leases and wipes what is in memory. Twice is once. */
  close(): Promise<void>;
}
