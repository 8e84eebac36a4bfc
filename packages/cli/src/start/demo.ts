import { z } from 'zod';
import type { TokenIssuer } from '@caregraph/access';
import type { Clock } from '@caregraph/clock';
import type { Deployment } from '@caregraph/deployment';
import {
  demoActors,
  generateDistrict,
  loadDistrict,
  type BatchEntry,
  type DemoActor,
  type LoadReceipt,
  type SubgraphName,
} from '@caregraph/factory';
import type { DemoToken } from '@caregraph/router';
import type { EmbeddedConfig } from '../config.ts';
import { readDemoMarker, writeDemoMarker, type DemoMarker } from './demo-marker.ts';

const seed = 20_260_301;
const tokenLifetimeS = 600;
const settleDeadlineMs = 60_000;

export interface LoadWatch {
  readonly signal: AbortSignal;
  say(line: string): void;
  onOpening(): void;
}

/** The made-up district of an embedded deployment, and the people in it who can sign in. */
export interface Demo {
  readonly actors: readonly DemoActor[];
  /** A ten-minute token for one of them. @throws Error when there is no such person */
  token(issuer: TokenIssuer, key: string): Promise<string>;
  /** Tokens of the people that the explorer offers. */
  tokens(issuer: TokenIssuer): Promise<readonly DemoToken[]>;
  /** Makes accounts for some of them and tells how they sign in; nobody without identity. */
  signIns(deployment: Deployment): Promise<readonly DemoSignIn[]>;
  /**
   * Loads what is missing of the district; a load that was killed goes on where it was.
   *
   * @param watch.onOpening called when the first households are there
   * @param watch.signal ends the load between two batches
   */
  load(deployment: Deployment, watch: LoadWatch): Promise<void>;
}

/** How a made-up person signs in. */
export interface DemoSignIn {
  readonly username: string;
  readonly password: string;
  readonly needsCode: boolean;
}

/** A health worker goes in with a password; a clinician needs a code besides. */
const demoSignIns = [
  { key: 'health-worker-1', hasSecondFactor: false },
  { key: 'clinician-1', hasSecondFactor: true },
] as const;

/** Prepares the demo district of a data directory: the one it holds already, or a new one. */
export async function createDemo(
  config: Pick<EmbeddedConfig, 'CAREGRAPH_DATA' | 'DEMO_HOUSEHOLDS'>,
  clock: Clock,
): Promise<Demo> {
  const marker = await markerOf(config, clock);
  const { today, households } = marker;
  const district = generateDistrict({ seed: marker.seed, today, households });
  const actors = demoActors(district);
  const tokenOf = (issuer: TokenIssuer, key: string) => issueFor(issuer, actors, key);
  return {
    actors,
    token: tokenOf,
    async tokens(issuer) {
      const expiresAt = new Date(clock.now().getTime() + tokenLifetimeS * 1_000).toISOString();
      const featured = actors.filter((actor) => actor.featured);
      return Promise.all(
        featured.map(async ({ key, label, roles: [role] }) => ({
          ...{ label, role, expiresAt, token: await tokenOf(issuer, key) },
        })),
      );
    },
    signIns: (deployment) => addSignIns(deployment, actors),
    async load(deployment, watch) {
      if (marker.loaded) return watch.onOpening();
      watch.say(`loading a made-up district of ${households} households`);
      const { operations } = await loadDistrict({
        district,
        onOpening: watch.onOpening,
        async send(subgraph, actor, entries) {
          watch.signal.throwIfAborted();
          const token = await tokenOf(deployment.tokens, actor);
          return sendBatch(deployment, subgraph, token, entries);
        },
        settle: () => requireSettled(deployment),
      });
      await writeDemoMarker(config.CAREGRAPH_DATA, { ...marker, loaded: true });
      watch.say(`the whole district is there: ${operations} operations`);
    },
  };
}

async function addSignIns(
  { identity }: Deployment,
  actors: readonly DemoActor[],
): Promise<readonly DemoSignIn[]> {
  const accounts = identity?.accounts;
  if (accounts === undefined) return [];
  const made = demoSignIns.map(async ({ key, hasSecondFactor }) => {
    const staffId = actors.find((actor) => actor.key === key)?.staffId;
    if (staffId === undefined) throw new Error(`nobody in the demo district is called ${key}`);
    const person = { staffId, username: key, hasSecondFactor };
    const { username, password } = await accounts.addDemoAccount(person);
    return { username, password, needsCode: hasSecondFactor };
  });
  return Promise.all(made);
}

async function markerOf(
  config: Pick<EmbeddedConfig, 'CAREGRAPH_DATA' | 'DEMO_HOUSEHOLDS'>,
  clock: Clock,
): Promise<DemoMarker> {
  const known = await readDemoMarker(config.CAREGRAPH_DATA);
  if (known) return known;
  const today = clock.now().toISOString().slice(0, 10);
  const marker = { seed, households: config.DEMO_HOUSEHOLDS, today, loaded: false };
  await writeDemoMarker(config.CAREGRAPH_DATA, marker);
  return marker;
}

/** `clinician` stands for `clinician-1`, `health-worker` for `health-worker-1`. */
async function issueFor(
  issuer: TokenIssuer,
  actors: readonly DemoActor[],
  key: string,
): Promise<string> {
  const actor =
    actors.find((one) => one.key === key) ?? actors.find((one) => one.key === `${key}-1`);
  if (actor === undefined) throw new Error(`nobody in the demo district is called ${key}`);
  const { staffId: id, roles, institutionId, areaRoots, purposes } = actor;
  return issuer.issue({ id, roles, institutionId, areaRoots, purposes }, tokenLifetimeS);
}

const batchAnswer = z.object({
  data: z.record(
    z.string(),
    z.array(
      z.nullable(
        z.object({
          verdict: z.string(),
          replayed: z.boolean(),
          problems: z.array(z.object({ code: z.string(), field: z.string().nullable() })),
        }),
      ),
    ),
  ),
});

async function sendBatch(
  deployment: Deployment,
  subgraph: SubgraphName,
  token: string,
  entries: readonly BatchEntry[],
): Promise<readonly LoadReceipt[]> {
  const name = `${subgraph.charAt(0).toUpperCase()}${subgraph.slice(1)}`;
  const query = `mutation ($operations: [${name}Operation!]!) {
    receipts: apply${name}Operations(operations: $operations) {
      verdict replayed problems { code field }
    }
  }`;
  const answer = await deployment.subgraphs[subgraph].execute({
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    search: '',
    body: { query, variables: { operations: entries } },
  });
  const text = answer.body.kind === 'complete' ? answer.body.string : '';
  const parsed = batchAnswer.safeParse(JSON.parse(text));
  if (!parsed.success) throw new Error(`${subgraph} did not take a batch of the demo district`);
  return parsed.data.data['receipts'] ?? [];
}

async function requireSettled(deployment: Deployment): Promise<void> {
  const settled = await deployment.settle(settleDeadlineMs);
  if (!settled) throw new Error('events did not reach the other stores in time');
}
