import type { FastifyInstance } from 'fastify';
import type { RevocationState } from '@caregraph/access';
import type { Limits, SlotPlace } from '../limits/index.ts';
import type { SubgraphTransport } from '../subgraph/subgraph-transport.ts';

interface Readiness {
  readonly ready: boolean;
  readonly draining: boolean;
  readonly subgraphs: Readonly<Record<string, 'up' | 'down'>>;
  /** Whether rates are counted for all routers together, or by each for itself. */
  readonly limits: SlotPlace;
  /** Not `current`: what was revoked elsewhere may not be known here; tokens end by age alone. */
  readonly revocations: RevocationState;
}

/** What readiness tells that the subgraphs do not know. */
interface ReadinessSources {
  readonly isDraining: () => boolean;
  readonly limits: Pick<Limits, 'place'>;
  readonly revocationState: () => RevocationState;
}

/**
 * `/healthz` says that the process runs; `/ready` says whether it can serve and names each
 * subgraph that cannot.
 */
export function installHealth(
  app: FastifyInstance,
  subgraphs: ReadonlyMap<string, SubgraphTransport>,
  sources: ReadinessSources,
): void {
  let asking: Promise<Readiness> | undefined;

  // Threat: /ready is open to anyone, and must not multiply requests to the subgraphs.
  const ask = () => (asking ??= askAll(subgraphs, sources).finally(() => (asking = undefined)));

  app.get('/healthz', (_request, reply) =>
    reply.header('cache-control', 'no-store').send({ ok: true }),
  );
  app.get('/ready', async (_request, reply) => {
    const readiness = await ask();
    return reply
      .code(readiness.ready ? 200 : 503)
      .header('cache-control', 'no-store')
      .send(readiness);
  });
}

async function askAll(
  subgraphs: ReadonlyMap<string, SubgraphTransport>,
  { isDraining, limits, revocationState }: ReadinessSources,
): Promise<Readiness> {
  const states = await Promise.all(
    [...subgraphs].map(async ([name, transport]): Promise<[string, 'up' | 'down']> => [
      name,
      (await transport.isReady()) ? 'up' : 'down',
    ]),
  );
  const draining = isDraining();
  const ready = !draining && states.every(([, state]) => state === 'up');
  return {
    ready,
    draining,
    subgraphs: Object.fromEntries(states),
    limits: limits.place(),
    revocations: revocationState(),
  };
}
