import { z } from 'zod';
import { createPool } from '@caregraph/database';
import type { FieldCodec } from '@caregraph/encryption';
import { createSealing } from '@caregraph/subgraph';
import { answerTurns, timedTurn, type Steps, type Turn } from '../../measure/turn.ts';
import { runChild } from '../../process/child.ts';
import { databaseTarget } from '../../stores/database-targets.ts';
import { openBenchKeys, type BenchKeys } from '../bench-keys.ts';
import { waysToKeyService } from '../distant-key-service.ts';
import { openBareClient, openPatientClient } from '../patient-client.ts';
import { createDigest } from '../patient-rows.ts';
import { plainCodec } from '../plain-codec.ts';

const settingsSchema = z.object({
  directory: z.string(),
  keyDatabase: databaseTarget,
  sealedStore: databaseTarget,
  plainStore: databaseTarget,
  patients: z.int(),
});

const pageSize = 500;

/** Opens all patients of a store page by page, as a device's first sync makes a subgraph do it. */
runChild(async (settings) => {
  const { patients, ...place } = settingsSchema.parse(settings);
  const open = (target: typeof place.sealedStore) =>
    createPool(target, {
      maxConnections: 4,
      statementTimeoutMs: 60_000,
      applicationName: 'first-sync',
    });
  const [sealed, plain] = [open(place.sealedStore), open(place.plainStore)];
  const [sealedClient, plainClient] = [openBareClient(sealed), openBareClient(plain)];
  const keys = await Promise.all(
    Object.entries(waysToKeyService).map(
      async ([name, wrap]) => [name, await openBenchKeys(place, { wrap })] as const,
    ),
  );
  const file = keys[0]?.[1];
  if (file === undefined) throw new Error('no way to the key');
  const warm = readerOf(sealedClient, file);
  const plainRead = readerOf(plainClient, file, plainCodec);
  const cold = (one: BenchKeys) => () => readerOf(sealedClient, one)(patients);
  const steps: Record<string, Steps[string]> = {};
  for (const [name, one] of keys) {
    steps[`no keys in memory, ${name}; warm`] = { ours: cold(one), peer: () => warm(patients) };
  }
  steps['warm; plain bytes'] = { ours: () => warm(patients), peer: () => plainRead(patients) };
  for (const [name, one] of keys) {
    steps[`no keys in memory, ${name}; plain bytes`] = {
      ours: cold(one),
      peer: () => plainRead(patients),
    };
  }
  steps['one page of 500, warm; plain bytes'] = {
    ours: () => warm(pageSize),
    peer: () => plainRead(pageSize),
  };
  return {
    started: { steps: Object.keys(steps) },
    answer: answerTurns(steps),
    async stop() {
      for (const [, one] of keys) await one.stop();
      await Promise.all([sealed.end(), plain.end()]);
    },
  };
});

type Reader = (count: number) => ReturnType<Turn>;

/** A reader with a keyring of its own; it is warm from its second turn on. */
function readerOf(
  bare: ReturnType<typeof openBareClient>,
  keys: BenchKeys,
  codec?: FieldCodec,
): Reader {
  const sealing = createSealing({ keys: keys.open('patient'), phoneRegion: 'IN' });
  const { prisma } = openPatientClient(bare, codec ? { ...sealing, codec } : sealing);
  const read = async (count: number): Promise<string> => {
    const digest = createDigest();
    let after: string | undefined;
    for (let done = 0; done < count; done += pageSize) {
      const rows = await prisma.patient.findMany({
        where: after === undefined ? {} : { id: { gt: after } },
        orderBy: { id: 'asc' },
        take: pageSize,
      });
      for (const { id, name, address, phone } of rows) digest.add(id, name, address, phone);
      after = rows.at(-1)?.id;
      if (rows.length !== pageSize) throw new Error(`a page of ${rows.length} rows`);
    }
    return digest.end();
  };
  return async (count) => {
    // One page takes some milliseconds: several of them are a turn.
    const times = count > pageSize ? 1 : 10;
    return timedTurn(count * times, async () => {
      let digest = '';
      for (let time = 0; time < times; time += 1) digest = await read(count);
      return digest;
    });
  };
}
