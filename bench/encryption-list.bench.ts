import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Bench, Row } from './bench.ts';
import { startLoadGenerator, type Side } from './measure/load.ts';
import { createCleanUp } from './process/clean-up.ts';
import { startProcess } from './process/server-process.ts';
import { startBenchStores } from './stores/embedded-stores.ts';

const households = 120;
const graphProcess = new URL('encryption/list/sealed-graph.process.ts', import.meta.url);
const document = new URL('encryption/list/patients.graphql', import.meta.url);
const signedIn = z.object({ url: z.url(), authorization: z.string() });
const cases = [
  { first: 50, concurrency: 1 },
  { first: 50, concurrency: 16 },
  { first: 200, concurrency: 1 },
  { first: 200, concurrency: 16 },
];

/** Lists of patients through the router, sealed, against the same process over plain bytes. */
export const encryptionListBench: Bench = async ({ directory, say, rounds = 7 }) => {
  const cleanUp = createCleanUp();
  try {
    say('starting the stores of both sides');
    const stores = await startBenchStores(directory, say);
    cleanUp.add(stores.stop);
    const query = await readFile(document, 'utf8');
    const today = new Date().toISOString().slice(0, 10);
    const start = async (codec: 'sealed' | 'plain') => {
      say(`loading a district of ${households} households, ${codec}`);
      const own = join(directory, codec);
      await mkdir(own);
      const databases = codec === 'sealed' ? stores.databases : await stores.another('plain');
      const settings = { directory: own, databases, households, today, codec };
      const process = await startProcess(graphProcess, settings, signedIn);
      cleanUp.add(process.stop);
      const { url, authorization } = process.started;
      return (first: number): Side => ({
        process,
        request: {
          ...{ url: `${url}/graphql`, method: 'POST' },
          headers: { authorization, 'content-type': 'application/json' },
          body: JSON.stringify({ query, variables: { first } }),
        },
      });
    };
    const [sealed, plain] = [await start('sealed'), await start('plain')];
    const load = await startLoadGenerator();
    cleanUp.add(load.stop);
    const rows: Row[] = [];
    for (const { first, concurrency } of cases) {
      say(`${first} patients, ${concurrency} at a time`);
      const one = { name: `${first} patients`, concurrency, durationMs: 2_500, rounds };
      rows.push(...(await load.compare(one, sealed(first), plain(first))));
    }
    return {
      name: 'encryption-list',
      title: 'patients with their sealed fields through the router, warm keys',
      ours: 'sealed',
      peer: 'plain bytes',
      rounds,
      rows,
      notes: [
        'Both sides are the same router and subgraphs over the same made-up district, each over databases of its own; the peer has a codec that writes a version byte 0 and plain bytes.',
        'Both commit who saw whom before they answer.',
      ],
    };
  } finally {
    await cleanUp.run();
  }
};
