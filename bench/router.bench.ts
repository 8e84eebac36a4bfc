import { z } from 'zod';
import type { Bench, Row } from './bench.ts';
import { startLoadGenerator, type Side } from './measure/load.ts';
import { startProcess } from './process/server-process.ts';
import { createCleanUp } from './process/clean-up.ts';
import { documents } from './router/fixture-graph.ts';
import { compose, makeSignIn, urlsUnder } from './router/fixture-stack.ts';

const listening = z.object({ url: z.url() });
const concurrencies = [1, 16];

/** CareGraph's router against the stock gateway, before the same subgraphs over HTTP. */
export const routerBench: Bench = async ({ say, rounds = 5 }) => {
  const cleanUp = createCleanUp();
  try {
    say('starting both routers before four static subgraphs');
    const signIn = await makeSignIn();
    const authorization = `Bearer ${signIn.token}`;
    const start = async (file: string, settings: Record<string, unknown>) => {
      const one = await startProcess(new URL(file, import.meta.url), settings, listening);
      cleanUp.add(one.stop);
      return one;
    };
    const subgraphs = await start('router/fixture-subgraphs.process.ts', { authorization });
    const subgraphUrls = urlsUnder(subgraphs.started.url);
    const supergraph = compose(subgraphUrls);
    const ours = await start('router/our-router.process.ts', {
      ...{ supergraph, subgraphUrls, issuer: signIn.issuer },
      ...{ audience: signIn.audience, keys: signIn.keys },
    });
    const stock = await start('router/stock-router.process.ts', { supergraph });
    const load = await startLoadGenerator();
    cleanUp.add(load.stop);

    const side = (process: typeof ours, path: string, query: string): Side => ({
      process,
      request: {
        url: new URL(path, process.started.url).href,
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      },
    });
    const rows: Row[] = [];
    for (const [name, query] of Object.entries(documents)) {
      for (const concurrency of concurrencies) {
        say(`${name}, ${concurrency} at a time`);
        rows.push(
          ...(await load.compare(
            { name, concurrency, durationMs: 1_200, rounds },
            side(ours, '/graphql', query),
            side(stock, '/', query),
          )),
        );
      }
    }
    return {
      name: 'router',
      title: 'our router against the stock gateway, same subgraphs over HTTP',
      ours: 'CareGraph router',
      peer: '@apollo/gateway + startStandaloneServer',
      rounds,
      rows,
      notes: [
        'The subgraphs answer from memory. Ours verifies the token of each request; stock does not.',
      ],
    };
  } finally {
    await cleanUp.run();
  }
};
