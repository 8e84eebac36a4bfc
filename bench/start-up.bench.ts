import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import type { Bench } from './bench.ts';
import { alternate, compare } from './measure/rounds.ts';
import { startProcess } from './process/server-process.ts';
import { startEmbeddedProfile } from './start-up/embedded-profile.ts';

const postgresAlone = new URL('start-up/postgres-alone.process.ts', import.meta.url);

/** From `npm start` to the first answer of five subgraphs, against PostgreSQL by itself. */
export const startUpBench: Bench = async ({ directory, say, rounds = 3 }) => {
  // As root the server runs under another account, which must be able to pass through.
  await chmod(directory, 0o755);
  let folder = 0;
  const empty = () => join(directory, `data-${(folder += 1)}`);

  say('a first start that nothing measures, so that files are cached and generated code is there');
  await (await startEmbeddedProfile(empty(), 'any')).stop();

  say('cold: empty data directories');
  const cold = await alternate(
    rounds,
    () => firstAnswer(empty(), 'any'),
    () => postgresAnswer(empty()),
  );

  say('loading the demo district once, to the greeting');
  const [data, floorData] = [empty(), empty()];
  const loading = await startEmbeddedProfile(data, 'any');
  const greetedMs = await loading.greeted().finally(loading.stop);
  await postgresAnswer(floorData);

  say('warm: the directories of an earlier start');
  const warm = await alternate(
    rounds,
    () => firstAnswer(data, 'record'),
    () => postgresAnswer(floorData),
  );
  const row = { unit: 's', measure: 'to the first answer' };
  const seconds = (ms: number) => ms / 1_000;
  return {
    name: 'start-up',
    title: 'npm start to the first answer from five subgraphs over HTTP',
    ours: 'npm start',
    peer: 'PostgreSQL alone',
    rounds,
    rows: [
      { case: 'cold, empty data directory', ...row, ...compare(cold, seconds) },
      { case: 'warm, a whole record of the demo', ...row, ...compare(warm, seconds) },
      {
        case: 'cold, demo district of 500 households',
        ...{ measure: 'to the greeting (once)', unit: 's', ours: seconds(greetedMs) },
      },
    ],
    notes: [
      'The peer is the same embedded PostgreSQL (initdb and start, or start) up to SELECT 1.',
      'Dependencies are installed; the clock starts when the process of npm start is spawned.',
    ],
  };
};

async function firstAnswer(data: string, question: 'any' | 'record'): Promise<number> {
  const started = await startEmbeddedProfile(data, question);
  await started.stop();
  return started.firstAnswerMs;
}

async function postgresAnswer(dataDirectory: string): Promise<number> {
  const begun = performance.now();
  const server = await startProcess(postgresAlone, { dataDirectory }, z.object({}));
  const elapsedMs = performance.now() - begun;
  await server.stop();
  return elapsedMs;
}
