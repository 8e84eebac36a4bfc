import { storeNames } from '@caregraph/database';
import { describeJob } from '@caregraph/encryption';
import type { KeyReach } from './key-reach.ts';

/** Prints what an operator wants to know of the keys: versions, counts, jobs. Never a key. */
export async function printKeyStatus({ keeping, keyPool }: KeyReach): Promise<void> {
  const { kind, version } = await keeping.watch.call(async (service) => ({
    kind: service.kind,
    version: await service.currentVersion(),
  }));
  console.log(`key service ${kind}: version ${version}`);
  for (const store of storeNames.filter(keeping.seals)) {
    const { rows } = await keyPool.query<Record<string, string | null>>(
      `SELECT (SELECT count(*) FROM ${store}.data_key) AS data,
         (SELECT count(*) FROM ${store}.data_key WHERE state = 'RETIRED') AS retired,
         (SELECT count(*) FROM ${store}.partition_key) AS partitions,
         (SELECT min(kek_version) FROM ${store}.partition_key) AS oldest,
         (SELECT count(*) FROM ${store}.index_key) AS indexes,
         (SELECT count(*) FROM ${store}.key_owner WHERE erased) AS erased,
         (SELECT sealed_at::text FROM ${store}.store_state) AS sealed`,
    );
    const [counts = {}] = rows;
    const parts = [
      `${counts['data']} data keys (${counts['retired']} retired)`,
      `${counts['partitions']} partition keys (oldest KEK version ${counts['oldest'] ?? 'none'})`,
      `${counts['indexes']} index keys`,
      `${counts['erased']} erased owners`,
      counts['sealed'] == null ? 'holds values that are not sealed' : 'sealed',
    ];
    console.log(`${store}: ${parts.join(', ')}`);
  }
  const jobs = await keeping.keeper.jobs.openJobs();
  for (const job of jobs) console.log(describeJob(job));
  if (jobs.length === 0) console.log('no job is open');
}
