import type pg from 'pg';
import { z } from 'zod';
import type { Bench, Row } from './bench.ts';
import { draftPatients } from './encryption/patient-rows.ts';
import { loadPatients } from './encryption/search-data.ts';
import { compareTurns, throughputRow } from './measure/turn.ts';
import { createCleanUp } from './process/clean-up.ts';
import { startProcess } from './process/server-process.ts';
import { startBenchStores } from './stores/embedded-stores.ts';
import { openStores } from './stores/open-stores.ts';

const sizes = { usual: 10_000, full: 1_000_000 };
const searchProcess = new URL('encryption/search/search.process.ts', import.meta.url);
const started = z.object({
  steps: z.array(z.string()),
  /** People a search of the widest area shows, on average. */
  found: z.object({ ours: z.number(), peer: z.number() }),
  plans: z.object({ ours: z.string(), peer: z.string() }),
});

/** Searching people by name through blind indexes, against a trigram index over plain names. */
export const encryptionSearchBench: Bench = async ({ directory, say, rounds = 5, full }) => {
  const count = full === true ? sizes.full : sizes.usual;
  const plan = { seed: 'search', count, months: 24, institutions: 5, districts: full ? 20 : 1 };
  const cleanUp = createCleanUp();
  try {
    const stores = await startBenchStores(directory, say);
    cleanUp.add(stores.stop);
    const { pools, end } = openStores(stores.databases);
    const [pool, keyDatabase] = [pools.get('patient'), stores.databases['keys']];
    if (pool === undefined || keyDatabase === undefined) throw new Error('a store is missing');
    say(`writing ${count} patients`);
    await loadPatients({ directory, keyDatabase, pool, plan, codec: 'sealed', say });
    const areas = await addPeer(pool, plan);
    const names = await namesIn(pool, Object.values(areas)[0] ?? '');
    await end();
    const store = stores.databases['patient'];
    const child = await startProcess(
      searchProcess,
      { directory, keyDatabase, store, areas, names },
      started,
    );
    cleanUp.add(child.stop);
    const rows: Row[] = [];
    for (const step of child.started.steps) {
      say(step);
      rows.push(throughputRow(step, 'searches', await compareTurns(child, step, rounds)));
    }
    return {
      name: 'encryption-search',
      title: `Search by a whole name among ${count} patients`,
      ours: 'searchPatients: blind indexes, at most 200 rows opened, compared and ranked',
      peer: 'plain names in the same database, ILIKE over a GIN index of district and trigrams, 200 rows unranked',
      rounds,
      rows,
      notes: notesOf(child.started),
    };
  } finally {
    await cleanUp.run();
  }
};

function notesOf({ found, plans }: z.infer<typeof started>): string[] {
  const shown = `${found.ours.toFixed(1)} by ours and ${found.peer.toFixed(1)} by the peer`;
  return [
    `People whom a search of the widest area shows on average: ${shown}.`,
    'The plan of one search of the widest area, ours:',
    ...plans.ours.split('\n'),
    'The same, of the peer:',
    ...plans.peer.split('\n'),
  ];
}

/** Of people who live there, so that every search has somebody to find. */
async function namesIn(pool: pg.Pool, areaId: string): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT DISTINCT n.name FROM plain_name n JOIN area_ref a ON a.id = n.area_id
     WHERE a.ancestors @> ARRAY[$1::uuid] ORDER BY n.name LIMIT 50`,
    [areaId],
  );
  return rows.map(({ name }) => name);
}

/** The names in plain text with the index an expert would give them, and the areas searched. */
async function addPeer(
  pool: pg.Pool,
  plan: Parameters<typeof draftPatients>[0],
): Promise<Record<string, string>> {
  for (const extension of ['pg_trgm', 'btree_gin']) {
    await pool.query(`CREATE EXTENSION IF NOT EXISTS ${extension}`);
  }
  await pool.query(
    'CREATE TABLE plain_name (id uuid PRIMARY KEY, area_id uuid, district_id uuid, name text)',
  );
  let batch: { id: string; areaId: string; name: string }[] = [];
  const flush = async () => {
    await pool.query(
      `INSERT INTO plain_name (id, area_id, district_id, name)
       SELECT row.id, area.id, area.district_id, row.name
       FROM jsonb_to_recordset($1::jsonb) AS row (id uuid, "areaId" uuid, name text)
       JOIN area_ref AS area ON area.id = row."areaId"`,
      [JSON.stringify(batch)],
    );
    batch = [];
  };
  for (const { id, areaId, name } of draftPatients(plan)) {
    if (batch.push({ id, areaId, name }) >= 5_000) await flush();
  }
  await flush();
  await pool.query('CREATE INDEX ON plain_name USING gin (district_id, name gin_trgm_ops)');
  await pool.query('CREATE INDEX ON plain_name (area_id)');
  await pool.query('VACUUM ANALYZE plain_name');
  const { rows } = await pool.query<{ village: string; district: string }>(
    `SELECT id::text AS village, district_id::text AS district FROM area_ref
     ORDER BY district_id, id LIMIT 1`,
  );
  const [{ village = '', district = '' } = {}] = rows;
  await pool.query(
    `INSERT INTO area_ref (id, ancestors, district_id, version)
     VALUES ($1, ARRAY[$1::uuid], $1, 1) ON CONFLICT DO NOTHING`,
    [district],
  );
  return { 'a village': village, 'a district': district };
}
