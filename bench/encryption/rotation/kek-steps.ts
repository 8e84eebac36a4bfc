import type { KeyService, StoreKeys } from '@caregraph/encryption';
import { rotateKekJob } from '../../../packages/encryption/src/job/rotate-kek.ts';
import { partitionContext } from '../../../packages/encryption/src/keyring/partition-keys.ts';
import { timedTurn, type Steps } from '../../measure/turn.ts';
import type { BenchKeys } from '../bench-keys.ts';
import { runToEnd, type SkippingClock } from './data-key-steps.ts';

export const partitionKeys = 500;

/** One side has a key file of its own: a rotation makes what older versions wrapped useless. */
export interface KekSide {
  readonly keys: BenchKeys;
  readonly store: StoreKeys;
}

interface Wrapped {
  readonly id: string;
  readonly kekVersion: number;
  readonly wrapped: Buffer;
}

/**
 * The job that rotates the key-encryption key, against a rotation that asks the key service once and
 * updates all keys by one statement, without a step in between that could be gone on from.
 */
export function kekSteps(
  name: string,
  sides: { readonly ours: KekSide; readonly peer: KekSide },
  clock: SkippingClock,
): Steps {
  const { ours, peer } = sides;
  const { watch } = ours.keys;
  return {
    [`${partitionKeys} partition keys, ${name}`]: {
      ours: () =>
        timedTurn(partitionKeys, () => {
          const job = rotateKekJob({ stores: [ours.store], watch });
          return runToEnd(job, partitionKeys, ours.store, clock);
        }),
      peer: () =>
        timedTurn(partitionKeys, () =>
          peer.keys.watch.call((service) => atOnce(peer.store, service)),
        ),
    },
  };
}

async function atOnce({ keyPool, store }: StoreKeys, service: KeyService): Promise<void> {
  const version = await service.rotate();
  const { rows } = await keyPool.query<Wrapped>(
    `SELECT id::text, kek_version AS "kekVersion", wrapped FROM ${store}.partition_key`,
  );
  const next = await service.rewrapMany(
    rows.map((row) => ({ ...row, context: partitionContext(store, row.id) })),
  );
  await keyPool.query(
    `UPDATE ${store}.partition_key p SET kek_version = next.version, wrapped = next.wrapped
     FROM unnest($1::uuid[], $2::int[], $3::bytea[]) AS next (id, version, wrapped)
     WHERE p.id = next.id`,
    [
      rows.map((row) => row.id),
      next.map((one) => one.kekVersion),
      next.map((one) => Buffer.from(one.wrapped)),
    ],
  );
  await service.retireBelow(version);
}
