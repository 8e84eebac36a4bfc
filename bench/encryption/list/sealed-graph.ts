import { createAuditSubgraph } from '@caregraph/audit-subgraph';
import { createClinicalSubgraph } from '@caregraph/clinical-subgraph';
import { createIdSource, systemClock as clock } from '@caregraph/clock';
import { createPool, type DatabaseTarget, type StoreName } from '@caregraph/database';
import { readOrMakeKeys } from '@caregraph/deployment';
import { createInstitutionSubgraph } from '@caregraph/institution-subgraph';
import { createInProcessTransport, type EventConsumer } from '@caregraph/messaging';
import { createLogger } from '@caregraph/observability';
import { createPatientSubgraph } from '@caregraph/patient-subgraph';
import { createPrescriptionSubgraph } from '@caregraph/prescription-subgraph';
import {
  createRouter,
  defaultLimits,
  defaultRouterConfig,
  fixedSupergraph,
} from '@caregraph/router';
import { loadSupergraph } from '@caregraph/schema-registry';
import { createSealing, type Sealing, type SubgraphDependencies } from '@caregraph/subgraph';
import { establishTrust } from '../../../packages/deployment/src/trust.ts';
import { openBenchKeys, type BenchKeys } from '../bench-keys.ts';
import { plainCodec } from '../plain-codec.ts';

const factories = {
  patient: createPatientSubgraph,
  clinical: createClinicalSubgraph,
  prescription: createPrescriptionSubgraph,
  institution: createInstitutionSubgraph,
  audit: createAuditSubgraph,
};
const names = Object.keys(factories) as StoreName[];

export interface GraphOptions {
  readonly directory: string;
  readonly databases: Readonly<Record<StoreName | 'keys', DatabaseTarget>>;
  /** `plain` writes and reads a version byte 0 and the plain bytes. */
  readonly codec: 'sealed' | 'plain';
}

/**
 * The subgraphs and the router as `startDeployment` of @caregraph/deployment puts them together, but
 * with a codec of choice: the product rightly has no way to leave encryption out.
 */
export async function startSealedGraph({ directory, databases, codec }: GraphOptions) {
  const log = createLogger({ service: codec, level: 'warn', destination: process.stderr });
  const secrets = await readOrMakeKeys(directory);
  const keys = await openBenchKeys({ directory, keyDatabase: databases.keys });
  const trust = establishTrust({ keys: secrets, clock });
  const pools = byName((name) =>
    createPool(databases[name], {
      maxConnections: 12,
      statementTimeoutMs: 10_000,
      transactionTimeoutMs: 10_000,
      applicationName: `${codec}-${name}`,
    }),
  );
  const consumers: EventConsumer[] = [];
  const transport = createInProcessTransport(() => consumers);
  const ids = createIdSource(clock);
  const { routerContextKey } = trust;
  const common = { clock, ids, log, verifier: trust.own, routerContextKey, transport };
  const subgraphs = byName((name) => {
    const deps: SubgraphDependencies = {
      ...{ ...common, pool: pools[name], operationHashKey: secrets.operationHash },
      breakGlass: trust.breakGlass(name === 'patient'),
      sealing: sealingOf(keys, name, codec),
    };
    return factories[name](deps);
  });
  consumers.push(...names.map((name) => subgraphs[name].consumer));
  await Promise.all(names.map((name) => subgraphs[name].start()));
  const router = await createRouter({
    // One caller asks as often as it can: a limit of rates would be what is measured.
    config: {
      ...{ ...defaultRouterConfig, port: 0, explorer: false },
      limits: { ...defaultLimits, rates: false },
    },
    subgraphs: byName((name) => ({ ...subgraphs[name], kind: 'in-process' as const })),
    supergraph: fixedSupergraph(await loadSupergraph()),
    ...{ verifier: trust.own, routerContextKey, log, clock, ids },
  });
  return {
    ...{ listen: router.listen, subgraphs, tokens: trust.tokens },
    async settle(deadlineMs: number) {
      const settled = names.map((name) => subgraphs[name].settleEvents(deadlineMs));
      return (await Promise.all(settled)).every(Boolean);
    },
    async stop() {
      await router.close();
      await Promise.all(names.map((name) => subgraphs[name].stop()));
      await Promise.all(names.map((name) => pools[name].end()));
      await keys.stop();
    },
  };
}

function sealingOf(keys: BenchKeys, store: StoreName, codec: GraphOptions['codec']): Sealing {
  const sealing = createSealing({ keys: keys.open(store), phoneRegion: 'IN' });
  if (codec === 'sealed') return sealing;
  return { ...sealing, codec: plainCodec, prepare: async () => new Set() };
}

function byName<TValue>(make: (name: StoreName) => TValue): Record<StoreName, TValue> {
  return {
    patient: make('patient'),
    clinical: make('clinical'),
    prescription: make('prescription'),
    institution: make('institution'),
    audit: make('audit'),
  };
}
