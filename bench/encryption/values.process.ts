import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { createIdSource, systemClock } from '@caregraph/clock';
import type { FieldCodec, OpenRequest, SealRequest } from '@caregraph/encryption';
import { deriveDataKey, type DataKey } from '../../packages/encryption/src/cipher/data-key.ts';
import { openValue, sealValue } from '../../packages/encryption/src/cipher/field-cipher.ts';
import { createNonceSource } from '../../packages/encryption/src/cipher/nonce-source.ts';
import { answerTurns, timedTurn, type Steps, type Turn } from '../measure/turn.ts';
import { runChild } from '../process/child.ts';
import { databaseTarget } from '../stores/database-targets.ts';
import { bareOpen, bareSeal, type BareSealed } from './bare-cipher.ts';
import { openBenchKeys } from './bench-keys.ts';

const settingsSchema = z.object({ directory: z.string(), keyDatabase: databaseTarget });
const sizes = [16, 64, 256, 4_096];
const pages = [50, 500];
const pageValueBytes = 64;
const valuesATurn = 20_000;
const institutionId = '0190a000-0000-7000-8000-000000000001';
const [store, model, field] = ['patient', 'Patient', 'address'];
const ids = createIdSource(systemClock);

interface Value extends SealRequest {
  readonly key: DataKey;
  /** The same key as node:crypto takes it fastest: it need not find out what it was given. */
  readonly keyObject: KeyObject;
  /** As long as the associated data of FORMAT.md for this place. */
  readonly associated: Uint8Array;
  readonly sealed: Uint8Array;
  readonly bare: BareSealed;
}

/** Sealing and opening of single values and of whole statements, against the bare cipher. */
runChild(async (settings) => {
  const keys = await openBenchKeys(settingsSchema.parse(settings));
  const { codec, keyring } = keys.open(store);
  const steps: Record<string, Steps[string]> = {};
  for (const size of sizes) Object.assign(steps, cipherSteps(size));
  for (const page of pages) {
    const values = makeValues(page, pageValueBytes);
    await keyring.prepare(values.map(({ ownerId }) => ({ ownerId, institutionId })));
    const sealed = await codec.sealMany(values);
    const opening = values.map((value, at): OpenRequest => ({
      ...value,
      sealed: Buffer.from(sealed[at] ?? []),
    }));
    Object.assign(steps, codecSteps(codec, values, opening));
  }
  return {
    started: { steps: Object.keys(steps) },
    answer: answerTurns(steps),
    stop: keys.stop,
  };
});

/** What both peers are: as the documentation has it, and as fast as it can be made. */
function bareWork(values: readonly Value[]) {
  const nextNonce = createNonceSource();
  return {
    seal: () => values.map((one) => bareSeal(one.key.fieldKey, one.associated, one.plain)),
    sealFast: () =>
      values.map((one) => bareSeal(one.keyObject, one.associated, one.plain, nextNonce())),
    open: () => values.map((one) => bareOpen(one.key.fieldKey, one.associated, one.bare)),
    openFast: () => values.map((one) => bareOpen(one.keyObject, one.associated, one.bare)),
  };
}

function cipherSteps(size: number): Steps {
  const values = makeValues(64, size);
  const nextNonce = createNonceSource();
  return stepsOf(`${size} bytes`, values, {
    seal: () => values.map((value) => sealValue(value.key, value, value.plain, nextNonce())),
    open: () => values.map((value) => openValue(value.key, value, value.sealed)),
  });
}

function codecSteps(
  codec: FieldCodec,
  values: readonly Value[],
  opening: readonly OpenRequest[],
): Steps {
  return stepsOf(`${values.length} values of ${pageValueBytes} bytes, by the codec`, values, {
    seal: () => codec.sealMany(values),
    open: () => codec.openMany(opening),
  });
}

function stepsOf(
  what: string,
  values: readonly Value[],
  ours: { readonly seal: () => unknown; readonly open: () => unknown },
): Steps {
  const bare = bareWork(values);
  const against = (our: () => unknown, peer: () => unknown) => ({
    ours: repeated(values.length, our),
    peer: repeated(values.length, peer),
  });
  return {
    [`seal ${what}`]: against(ours.seal, bare.seal),
    [`seal ${what}, fastest peer`]: against(ours.seal, bare.sealFast),
    [`open ${what}`]: against(ours.open, bare.open),
    [`open ${what}, fastest peer`]: against(ours.open, bare.openFast),
  };
}

function repeated(values: number, work: () => unknown): Turn {
  const times = Math.ceil(valuesATurn / values);
  return () =>
    timedTurn(times * values, async () => {
      for (let time = 0; time < times; time += 1) await work();
    });
}

/** Values of patients of their own, each under a key of its own. */
function makeValues(count: number, size: number): Value[] {
  return Array.from({ length: count }, () => {
    const ownerId = ids.next();
    const place = { store, model, field, rowId: ownerId, ownerId };
    const key = deriveDataKey(ids.next(), ownerId, randomBytes(32));
    const plain = randomBytes(size);
    const named = [store, model, field, ownerId].reduce((sum, name) => sum + 2 + name.length, 0);
    const associated = randomBytes(1 + 16 + named);
    const sealed = sealValue(key, place, plain, randomBytes(12));
    const bare = bareSeal(key.fieldKey, associated, plain);
    const keyObject = createSecretKey(key.fieldKey);
    return { ...place, key, keyObject, plain, associated, sealed, bare };
  });
}
