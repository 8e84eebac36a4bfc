import type { ApolloServerOptionsWithGateway } from '@apollo/server';
import { ApolloGateway, type GraphQLDataSource } from '@apollo/gateway';
import type { GraphQLSchema } from 'graphql';
import type { Logger } from '@caregraph/observability';
import { disableVendorTelemetry } from '../config.ts';
import type { RouterContext } from '../router-context.ts';
import type { SupergraphSource } from '../supergraph/supergraph-source.ts';
import type { UnauthorisedFields } from './enforcement.ts';
import { createGuardedExecutor, type Executor } from './guarded-executor.ts';
import { openSupergraph } from './open-supergraph.ts';

/** What became of a new supergraph. */
export type SupergraphUpdate =
  { readonly kind: 'loaded' } | { readonly kind: 'refused'; readonly reason: string };

type GatewayInterface = ApolloServerOptionsWithGateway<RouterContext>['gateway'];
type Listener = Parameters<GatewayInterface['onSchemaLoadOrUpdate']>[0];

/** A gateway that cannot be asked without the access rules of its supergraph. */
export interface GuardedGateway extends GatewayInterface {
  /** Serves another supergraph from the next request on; a bad one changes nothing. */
  update(supergraphSdl: string): Promise<SupergraphUpdate>;
}

export interface GuardedGatewayOptions {
  readonly supergraph: SupergraphSource;
  /** The way to a subgraph. @throws when none is configured under this name */
  readonly subgraph: (name: string) => GraphQLDataSource<RouterContext>;
  readonly unauthorisedFields: UnauthorisedFields;
  readonly log: Logger;
  /** Takes the gateway's own lines. */
  readonly logger: NonNullable<ConstructorParameters<typeof ApolloGateway>[0]>['logger'];
}

/** One supergraph with all that belongs to it; nothing of it is ever changed. */
interface Generation {
  readonly gateway: ApolloGateway;
  readonly schema: GraphQLSchema;
  readonly sdl: string;
}

/**
 * Creates the only gateway of the router.
 *
 * The gateway itself enforces nothing, and the text that it loads no longer says that there is
 * something to enforce. So this is the one file that may construct it, and what it hands out
 * cannot run a document but through the rules of the same supergraph.
 *
 * A new supergraph is a new gateway, schema and set of rules. A request carries the schema that it
 * was validated against and finishes with what belongs to that, so none is ever checked by the
 * rules of one schema and planned over another.
 *
 * @throws from `load` when the first supergraph does not load
 */
export function createGuardedGateway(options: GuardedGatewayOptions): GuardedGateway {
  const { supergraph, log } = options;
  const executors = new WeakMap<GraphQLSchema, Executor>();
  const listeners = new Set<Listener>();
  let current: Generation | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let stopped = false;

  async function install(sdl: string): Promise<void> {
    const { rules, gatewaySdl } = openSupergraph(sdl);
    const next = await startGateway(gatewaySdl, options);
    const { unauthorisedFields } = options;
    const executor = createGuardedExecutor({ ...next, rules, unauthorisedFields });
    if (stopped) return next.gateway.stop();
    const last = current;
    executors.set(next.schema, executor);
    current = { ...next, sdl };
    for (const listener of listeners) listener({ apiSchema: next.schema, coreSupergraphSdl: sdl });
    await last?.gateway.stop();
  }

  /** One after the other: two at once could end in the order of their building. */
  function inTurn(sdl: string): Promise<void> {
    const installed = turn.then(() => install(sdl));
    turn = installed.catch(() => undefined);
    return installed;
  }

  return {
    onSchemaLoadOrUpdate(listener) {
      listeners.add(listener);
      if (current) listener({ apiSchema: current.schema, coreSupergraphSdl: current.sdl });
      return () => listeners.delete(listener);
    },
    async load() {
      await inTurn(await supergraph.load());
      return {
        executor(request) {
          const executor = executors.get(request.schema);
          if (executor === undefined) throw new Error('The schema of this request has no rules.');
          return executor(request);
        },
      };
    },
    async update(sdl) {
      try {
        await inTurn(sdl);
        log.info('supergraph loaded');
        return { kind: 'loaded' };
      } catch (error) {
        return refused(log, error);
      }
    },
    async stop() {
      stopped = true;
      await turn;
      await current?.gateway.stop();
    },
  };
}

function refused(log: Logger, error: unknown): SupergraphUpdate {
  const reason = error instanceof Error ? error.message : 'unknown';
  log.error('supergraph refused; the one before stays', { reason, error });
  return { kind: 'refused', reason };
}

async function startGateway(supergraphSdl: string, options: GuardedGatewayOptions) {
  const { subgraph, logger } = options;
  disableVendorTelemetry();
  const gateway = new ApolloGateway({
    supergraphSdl: async () => ({ supergraphSdl }),
    buildService: ({ name }) => subgraph(name),
    ...(logger === undefined ? {} : { logger }),
    __exposeQueryPlanExperimental: false,
    validateSupergraph: true,
  });
  const { schema } = await gateway.load();
  return { gateway, schema };
}
