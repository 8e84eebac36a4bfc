import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Bench, Row } from './bench.ts';
import { startLoadGenerator, type Side } from './measure/load.ts';
import { createCleanUp } from './process/clean-up.ts';
import { startProcess } from './process/server-process.ts';
import { startBenchStores, type BenchStores } from './stores/embedded-stores.ts';
import { openStores } from './stores/open-stores.ts';
import { countWaitingEvents } from './stores/waiting-events.ts';

const households = 120;
const concurrencies = [1, 16];
const document = new URL('patient-list/patient-list.graphql', import.meta.url);
const ourProcess = new URL('stores/caregraph.process.ts', import.meta.url);
const plainProcess = new URL('encryption/list/sealed-graph.process.ts', import.meta.url);
const peerProcess = new URL('patient-list/handwritten.process.ts', import.meta.url);
const listening = z.object({ url: z.url() });
const signedIn = listening.extend({ authorization: z.string(), operations: z.int() });

/** A list of 50 patients through the router, against the same JSON from a hand-written server. */
export const patientListBench: Bench = async ({ directory, say, rounds = 5 }) => {
  const cleanUp = createCleanUp();
  try {
    say('starting five stores');
    const stores = await startBenchStores(directory, say);
    cleanUp.add(stores.stop);
    const { databases } = stores;
    say(`loading a district of ${households} households`);
    const ours = await startProcess(ourProcess, { directory, databases, households }, signedIn);
    cleanUp.add(ours.stop);
    say(`${ours.started.operations} operations are loaded; loading them again as plain bytes`);
    const plain = await loadPlain(directory, stores);
    const peer = await startProcess(peerProcess, { databases: plain }, listening);
    cleanUp.add(peer.stop);
    const load = await startLoadGenerator();
    cleanUp.add(load.stop);

    const query = await readFile(document, 'utf8');
    const { url, authorization } = ours.started;
    const headers = { authorization, 'content-type': 'application/json' };
    const body = JSON.stringify({ query });
    const sides: { ours: Side; peer: Side } = {
      ours: { process: ours, request: { url: `${url}/graphql`, method: 'POST', headers, body } },
      peer: {
        process: peer,
        request: { url: `${peer.started.url}/patients`, method: 'GET', headers: {} },
      },
    };
    const rows: Row[] = [];
    for (const concurrency of concurrencies) {
      say(`${concurrency} at a time`);
      const one = { name: '50 patients', concurrency, durationMs: 2_000, rounds };
      rows.push(...(await load.compare(one, sides.ours, sides.peer)));
    }
    const pools = openStores(databases);
    cleanUp.add(pools.end);
    const waiting = await countWaitingEvents(pools.pools.values());
    return {
      name: 'patient-list',
      title: '50 patients with nested fields',
      ours: 'CareGraph, embedded profile',
      peer: 'hand-written Fastify + pg',
      rounds,
      rows,
      notes: [
        'The peer has no tokens, no scope, no audit and no other query; it reads a copy of the same district in plain bytes.',
        `${waiting} events about who saw whom waited for the audit store when the load ended.`,
        'Processor time is that of the server process; PostgreSQL comes on top on both sides.',
      ],
    };
  } finally {
    await cleanUp.run();
  }
};

/** The same district for the peer, which opens no seals. */
async function loadPlain(directory: string, { another }: BenchStores) {
  const [own, databases] = [join(directory, 'plain'), await another('plain')];
  await mkdir(own);
  const today = new Date().toISOString().slice(0, 10);
  const settings = { directory: own, databases, households, today, codec: 'plain' };
  const loader = await startProcess(plainProcess, settings, listening);
  await loader.stop();
  return databases;
}
