import pg from 'pg';
import { z } from 'zod';
import type { Scope } from '@caregraph/access';
import { nilUuid } from '@caregraph/clock';
import { createPool } from '@caregraph/database';
import { createSealing } from '@caregraph/subgraph';
import { readQuestion } from '../../../subgraphs/patient/src/patient-search/patient-search.input.ts';
import { searchPatients } from '../../../subgraphs/patient/src/patient-search/patient-search.service.ts';
import { createPatientSearchStore } from '../../../subgraphs/patient/src/patient-search/patient-search.store.ts';
import { answerTurns, timedTurn, type Steps } from '../../measure/turn.ts';
import { runChild } from '../../process/child.ts';
import { databaseTarget } from '../../stores/database-targets.ts';
import { openBenchKeys } from '../bench-keys.ts';
import { openBareClient, openPatientClient } from '../patient-client.ts';

const settingsSchema = z.object({
  directory: z.string(),
  keyDatabase: databaseTarget,
  store: databaseTarget,
  areas: z.record(z.string(), z.string()),
  names: z.array(z.string()),
});

const searchesATurn = 50;
/** Searches are measured without the record of who saw what. */
const unwatched = { saw: () => undefined, intent: () => undefined };

/** Searches by name over sealed rows, and the same words over a copy of the names in plain text. */
runChild(async (settings) => {
  const { names, areas, ...place } = settingsSchema.parse(settings);
  const keys = await openBenchKeys(place);
  const sealing = createSealing({ keys: keys.open('patient'), phoneRegion: 'IN' });
  const pool = createPool(place.store, {
    maxConnections: 4,
    statementTimeoutMs: 60_000,
    applicationName: 'search',
  });
  const searchOver = (over: pg.Pool, areaId: string) => {
    const { prisma, sealing: tokens } = openPatientClient(openBareClient(over), sealing);
    const search = createPatientSearchStore(
      { prisma, sealing: tokens },
      { scope: everywhere(Object.values(areas)), audit: unwatched },
    );
    return async (name: string) => {
      const question = readQuestion({ name, areaId, first: 20 });
      const namedBy = () => Promise.resolve([]);
      const { matches } = await searchPatients(question, { search, namedBy });
      return matches.map(({ patient: { id, name } }) => ({ id, name }));
    };
  };
  const plainOver = (over: pg.Pool, areaId: string) => (name: string) =>
    findPlain(over, areaId, name);
  const turn = (find: Find) => () =>
    timedTurn(searchesATurn, async () => {
      for (let at = 0; at < searchesATurn; at += 1) await find(names[at % names.length] ?? '');
    });
  const steps: Record<string, Steps[string]> = {};
  // Of the widest area, which is the last.
  let found = { ours: 0, peer: 0 };
  for (const [label, areaId] of Object.entries(areas)) {
    const sides = { ours: searchOver(pool, areaId), peer: plainOver(pool, areaId) };
    found = await compare(names, sides);
    steps[label] = { ours: turn(sides.ours), peer: turn(sides.peer) };
  }
  const [widest = ''] = Object.values(areas).toReversed();
  const [first = ''] = names;
  return {
    started: {
      steps: Object.keys(steps),
      found,
      plans: {
        ours: await planOf(place.store, 'name_tokens', (over) => searchOver(over, widest)(first)),
        peer: await planOf(place.store, 'plain_name', (over) => plainOver(over, widest)(first)),
      },
    },
    answer: answerTurns(steps),
    async stop() {
      await keys.stop();
      await pool.end();
    },
  };
});

/** Each word of the name in its plain copy, in the district, whose key is part of the index. */
async function findPlain(over: pg.Pool, areaId: string, name: string): Promise<Found[]> {
  const words = name.split(' ').map((word) => `%${word}%`);
  // ILIKE ALL (an array) would not use the index.
  const alike = words.map((_, at) => `n.name ILIKE $${at + 2}`).join(' AND ');
  const { rows } = await over.query<Found>(
    `SELECT n.id::text, n.name FROM plain_name n JOIN area_ref a ON a.id = n.area_id
     WHERE n.district_id = (SELECT district_id FROM area_ref WHERE id = $1::uuid)
       AND ${alike} AND a.ancestors @> ARRAY[$1::uuid] LIMIT 200`,
    [areaId, ...words],
  );
  return rows;
}

interface Found {
  readonly id: string;
  readonly name: string;
}

type Find = (name: string) => Promise<readonly Found[]>;

/**
 * A fast wrong answer does not count: of those whom the plain names show, ours shows everybody in
 * whose name each word begins one. The plain copy also finds what is in the middle of a word.
 *
 * @returns how many each side shows on average
 */
async function compare(
  names: readonly string[],
  sides: { ours: Find; peer: Find },
): Promise<{ readonly ours: number; readonly peer: number }> {
  const found = { ours: 0, peer: 0 };
  for (const name of names) {
    const [ours, peer] = [await sides.ours(name), await sides.peer(name)];
    const shown = new Set(ours.map(({ id }) => id));
    if (peer.some((one) => beginsLike(one, name) && !shown.has(one.id))) {
      throw new Error('a search misses somebody');
    }
    found.ours += ours.length;
    found.peer += peer.length;
  }
  if (found.peer === 0) throw new Error('nobody of these names lives there');
  return { ours: found.ours / names.length, peer: found.peer / names.length };
}

function beginsLike({ name }: Found, asked: string): boolean {
  const words = name.split(' ');
  return asked.split(' ').every((part) => words.some((word) => word.startsWith(part)));
}

/** Someone who works in all of these areas. */
function everywhere(areaRoots: readonly string[]): Scope {
  return {
    ...{ areaRoots, openedPatientIds: [], everyInstitution: false },
    ...{ authorId: nilUuid, institutionId: nilUuid, patientInstitutionId: undefined },
  };
}

/** What PostgreSQL did for one search, as auto_explain tells it. */
async function planOf(
  target: z.infer<typeof databaseTarget>,
  of: 'name_tokens' | 'plain_name',
  find: (pool: pg.Pool) => Promise<unknown>,
): Promise<string> {
  const settings = [
    'session_preload_libraries=auto_explain',
    'auto_explain.log_min_duration=0',
    'auto_explain.log_analyze=on',
    'auto_explain.log_buffers=on',
    'client_min_messages=log',
  ];
  const options = settings.map((one) => `-c ${one}`).join(' ');
  const told: string[] = [];
  const pool = new pg.Pool({ ...target, max: 1, options });
  pool.on('connect', (client) => client.on('notice', ({ message }) => told.push(message ?? '')));
  await find(pool);
  told.length = 0;
  await find(pool);
  await pool.end();
  return told.filter((text) => text.includes(of)).join('\n');
}
