import { fixedClock, type Clock } from '@caregraph/clock';
import type { DatabasePool, DatabaseTarget } from '@caregraph/database';
import type { Stored } from '@caregraph/encryption';
import { createSealing, type Sealing } from '@caregraph/subgraph';
import { openBenchKeys } from './bench-keys.ts';
import { openBareClient, openPatientClient } from './patient-client.ts';
import {
  draftPatients,
  inBatches,
  insertPatients,
  type PatientDraft,
  type PatientPlan,
} from './patient-rows.ts';
import { plainCodec } from './plain-codec.ts';

const batchSize = 1_000;

export interface PatientLoad {
  /** Where the key file and the key database are, which later readers open anew. */
  readonly directory: string;
  readonly keyDatabase: DatabaseTarget;
  /** The patient store, migrated and empty. */
  readonly pool: DatabasePool;
  readonly plan: PatientPlan;
  readonly codec: 'sealed' | 'plain';
  readonly say: (line: string) => void;
}

/**
 * Fills a patient store with made-up people: values sealed and tokens computed by the product, each
 * patient under a data key of its own in the partition of institution and month, rows inserted a
 * thousand at a time. Afterwards the tables are analysed, as autovacuum would have done.
 */
export async function loadPatients(load: PatientLoad): Promise<void> {
  const { pool, plan, codec, say } = load;
  const clock = createRegistrationClock();
  const keys = await openBenchKeys(load, { clock });
  try {
    const sealing = createSealing({ keys: keys.open('patient'), phoneRegion: 'IN' });
    const dependencies: Sealing = codec === 'sealed' ? sealing : { ...sealing, codec: plainCodec };
    const client = openPatientClient(openBareClient(pool), dependencies);
    const sealed = async (batch: readonly PatientDraft[]) => {
      const [first] = batch;
      if (first !== undefined) clock.show(first.recordedAt);
      const owners = batch.map(({ id, institutionId }) => ({ ownerId: id, institutionId }));
      if (codec === 'sealed') await sealing.prepare(owners);
      return client.sealing.sealRows('Patient', batch);
    };
    let [done, ready]: [number, Stored[]] = [0, []];
    for (const batch of inBatches(draftPatients(plan), batchSize)) {
      // The database writes one batch while the next one is sealed.
      [ready] = await Promise.all([sealed(batch), insertPatients(pool, ready)]);
      done += batch.length;
      if (done % 50_000 === 0) say(`${done} of ${plan.count} patients`);
    }
    await insertPatients(pool, ready);
    await pool.query('VACUUM (ANALYZE) patient');
    await client.prisma.$disconnect();
  } finally {
    await keys.stop();
  }
}

/** Shows when the patients of a batch were registered, so that keys lie in the month of that day. */
function createRegistrationClock(): Clock & { show(at: Date): void } {
  const clock = fixedClock(new Date(0));
  return {
    now: clock.now,
    show: (at) => clock.advance(at.getTime() - clock.now().getTime()),
  };
}
