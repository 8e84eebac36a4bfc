/** How many unwrapped keys are kept, and for how long. */
export interface KeyringLimits {
  /** Data keys in memory at once. */
  readonly maxDataKeys: number;
  /** Partition keys in memory at once. */
  readonly maxPartitionKeys: number;
  /** After so long a key is fetched anew, so that a rotation or an erasure reaches this process. */
  readonly maxAgeMs: number;
  /** How much longer known keys are used while the key service is away. */
  readonly graceMs: number;
  /** How long a transaction that has a key may go on after the key is too old. */
  readonly marginMs: number;
  /** Uses of a data key that are taken at a time. */
  readonly reservedUses: number;
  /** Most uses of a data key; FORMAT.md has the reckoning. */
  readonly maxUses: number;
}

export const keyringLimits: KeyringLimits = {
  maxDataKeys: 20_000,
  maxPartitionKeys: 2_000,
  maxAgeMs: 10 * 60_000,
  graceMs: 15 * 60_000,
  marginMs: 60_000,
  reservedUses: 256,
  maxUses: 2 ** 30,
};
