import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import { z } from 'zod';
import { migrate, onDatabase, startEmbeddedPostgres, storeFiles } from '@caregraph/database';
import { protect } from './access/protected-graph.ts';
import { providerStarted } from './access/provider-started.ts';
import type { Bench, BenchOptions, Row } from './bench.ts';
import { startLoadGenerator, type Side } from './measure/load.ts';
import { alternate, compare as comparePairs } from './measure/rounds.ts';
import { median } from './measure/statistics.ts';
import { createCleanUp, type CleanUp } from './process/clean-up.ts';
import { freePort } from './process/listen-locally.ts';
import { startProcess, type ServerProcess } from './process/server-process.ts';
import { documents } from './router/fixture-graph.ts';
import { compose, makeSignIn, urlsUnder } from './router/fixture-stack.ts';

const listening = z.object({ url: z.url() });
const signedInAtOnce = 4;

/** What access costs: each request, the router as a whole, and the provider of tokens. */
export const accessBench: Bench = async (options) => {
  const { rounds = 3 } = options;
  const cleanUp = createCleanUp();
  try {
    const rows = [
      ...(await stepRows(options, rounds, cleanUp)),
      ...(await routerRows(options, rounds, cleanUp)),
      ...(await identityRows(options, rounds, cleanUp)),
    ];
    return {
      name: 'access',
      title: 'what it costs to know who asks, and to hold them to it',
      ours: 'CareGraph',
      peer: 'peer',
      rounds,
      rows,
      notes: [
        'Tokens: the peer is jwtVerify of jose for the token, and again for the proof where there is one; it looks at neither claims of ours, revocation, replay, nor what binds the two.',
        'Decisions: the peer is validate of graphql, which every GraphQL server pays for a document it has not seen.',
        'Router: the peer is our own router over the same graph without access directives, believing every token, counting no rates. Framing, headers, budgets of size and cost, and what it says to subgraphs cannot be switched off and are on both sides; so are subgraphs from memory.',
        `Identity: the peer is oidc-provider as it comes, in memory, with its development pages, which look at no password. Ours computes one argon2id hash at a time (19 MiB, 2 passes); ${signedInAtOnce} clients at once.`,
      ],
    };
  } finally {
    await cleanUp.run();
  }
};

async function stepRows({ say }: BenchOptions, rounds: number, cleanUp: CleanUp): Promise<Row[]> {
  say('verifying tokens and deciding about documents');
  const supergraph = compose(urlsUnder('http://127.0.0.1'), protect);
  const child = await startProcess(
    new URL('access/verification.process.ts', import.meta.url),
    { supergraph },
    z.object({ steps: z.array(z.object({ name: z.string(), hasPeer: z.boolean() })) }),
  );
  cleanUp.add(child.stop);
  const ask = (step: string, side: 'ours' | 'peer') => child.ask({ step, side }, z.number());
  const rows: Row[] = [];
  for (const { name, hasPeer } of child.started.steps) {
    const named = { case: name, measure: 'processor time each', unit: 'µs' };
    await ask(name, 'ours');
    if (!hasPeer) {
      const times: number[] = [];
      for (let round = 0; round < rounds; round += 1) times.push(await ask(name, 'ours'));
      rows.push({ ...named, ours: median(times) });
      continue;
    }
    await ask(name, 'peer');
    const pairs = await alternate(
      rounds,
      () => ask(name, 'ours'),
      () => ask(name, 'peer'),
    );
    rows.push({ ...named, ...comparePairs(pairs, (each) => each) });
  }
  return rows;
}

async function routerRows({ say }: BenchOptions, rounds: number, cleanUp: CleanUp) {
  const signIn = await makeSignIn();
  const authorization = `Bearer ${signIn.token}`;
  const start = async (file: string, settings: Record<string, unknown>) => {
    const one = await startProcess(new URL(file, import.meta.url), settings, listening);
    cleanUp.add(one.stop);
    return one;
  };
  const subgraphs = await start('router/fixture-subgraphs.process.ts', { authorization });
  const subgraphUrls = urlsUnder(subgraphs.started.url);
  const { issuer, audience, keys } = signIn;
  const router = (protections: 'on' | 'off') =>
    start('access/protected-router.process.ts', {
      ...{ subgraphUrls, issuer, audience, keys, protections },
      supergraph: protections === 'on' ? compose(subgraphUrls, protect) : compose(subgraphUrls),
    });
  const [ours, peer] = [await router('on'), await router('off')];
  const load = await startLoadGenerator();
  cleanUp.add(load.stop);
  const rows: Row[] = [];
  for (const [name, query] of Object.entries(documents)) {
    say(`${name}, with protections and without`);
    const side = (process: typeof ours): Side => ({
      process,
      request: {
        url: new URL('/graphql', process.started.url).href,
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      },
    });
    const one = { name, concurrency: 16, durationMs: 1_200, rounds };
    rows.push(...(await load.compare(one, side(ours), side(peer))));
  }
  for (const process of [load, ours, peer, subgraphs]) await process.stop();
  return rows.map((row) => ({ ...row, case: `router: ${row.case}` }));
}

async function identityRows({ say, directory }: BenchOptions, rounds: number, cleanUp: CleanUp) {
  say('starting identity over PostgreSQL, and a stock provider in memory');
  const database = await identityDatabase(directory, say, cleanUp);
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const partnerKey = await exportJWK(privateKey);
  const partnerJwk = { ...(await exportJWK(publicKey)), kid: 'partner', alg: 'ES256' };
  const provider = async (file: string, settings: Record<string, unknown>) => {
    const common = { port: await freePort(), people: signedInAtOnce, partnerJwk };
    const url = new URL(`access/${file}`, import.meta.url);
    const one = await startProcess(url, { ...common, ...settings }, providerStarted);
    cleanUp.add(one.stop);
    return one;
  };
  const ours = await provider('identity.process.ts', { database });
  const peer = await provider('stock-provider.process.ts', {});
  const clientFile = new URL('access/provider-client.process.ts', import.meta.url);
  const clients = await startProcess(clientFile, {}, z.object({}));
  cleanUp.add(clients.stop);

  async function sample(side: ServerProcess<z.infer<typeof providerStarted>>, step: string) {
    const cpuBefore = await side.cpuMs();
    const order = { provider: side.started, step, concurrency: signedInAtOnce, durationMs: 1_500 };
    const { done, elapsedMs } = await clients.ask(
      { ...order, partnerKey },
      z.object({ done: z.int().min(1), elapsedMs: z.number() }),
    );
    const cpuMs = ((await side.cpuMs()) - cpuBefore) / done;
    return { perSecond: (done / elapsedMs) * 1_000, cpuMs };
  }
  const rows: Row[] = [];
  for (const step of ['sign-in', 'refresh', 'client-credentials']) {
    say(`${step}, ${signedInAtOnce} clients at once`);
    for (const side of [ours, peer]) await sample(side, step);
    const pairs = await alternate(
      rounds,
      () => sample(ours, step),
      () => sample(peer, step),
    );
    const named = { case: `identity: ${step}` };
    rows.push(
      {
        ...{ ...named, measure: 'throughput', unit: '/s' },
        ...comparePairs(pairs, ({ perSecond }) => perSecond),
      },
      {
        ...{ ...named, measure: 'processor time each', unit: 'ms' },
        ...comparePairs(pairs, ({ cpuMs }) => cpuMs),
      },
    );
  }
  return rows;
}

async function identityDatabase(directory: string, say: (line: string) => void, cleanUp: CleanUp) {
  // As root the server runs under another account, which must be able to pass through.
  await chmod(directory, 0o755);
  const dataDirectory = join(directory, 'postgres');
  const server = await startEmbeddedPostgres({ dataDirectory, log: say });
  cleanUp.add(server.stop);
  const target = onDatabase(server.target, 'caregraph_identity');
  await migrate(storeFiles('identity'), target);
  return target;
}
