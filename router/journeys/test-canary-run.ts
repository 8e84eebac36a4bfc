import { Redis } from 'ioredis';
import { createMetrics, serveMetrics } from '@caregraph/observability';
import { freePort, serviceUrl } from '@caregraph/testbed';
import { defaultRouterConfig } from '../src/index.ts';
import { logEverything, watchWal, type Place, type WalWatch } from './test-canary-places.ts';
import { readUnreadable, writeRefused } from './test-canary-provocations.ts';
import { findIds, readEverything, readsOf } from './test-canary-reads.ts';
import type { Read, SearchTexts } from './test-canary-reads.ts';
import { knockEverywhere, openDoors, writeWrongly } from './test-canary-refusals.ts';
import { stepsOf } from './test-canary-steps.ts';
import { createCanaries, type Canaries } from './test-canary-texts.ts';
import { factsOf, newWorld, type Facts, type World } from './test-canary-world.ts';
import { writeBatches, writeOne, type Written } from './test-canary-writes.ts';
import { startJourney, type Answer, type JourneyStack } from './test-stack.ts';

/** A stack that canaries went through, and all that was answered. */
export interface CanaryRun extends Sent {
  readonly stack: JourneyStack;
  readonly canaries: Canaries;
  readonly wal: WalWatch;
  readonly redis: Redis;
  /** What clients of Redis sent to it. */
  readonly saidToRedis: readonly string[];
  /** What Prometheus is served. */
  readonly metrics: Place;
  stop(): Promise<void>;
}

interface Sent {
  readonly world: World;
  readonly facts: Facts;
  /** Every mutation by itself, through the batches, and again with the same ids. */
  readonly alone: readonly Written[];
  readonly inBatches: readonly Written[];
  readonly again: readonly Written[];
  /** Kept for review, lost to a conflict, or refused by the database. */
  readonly setAside: readonly Written[];
  readonly refusedByStore: readonly Written[];
  readonly reads: readonly Read[];
  readonly searchedFor: SearchTexts;
  readonly unreadable: Answer;
  readonly refusals: readonly Place[];
  readonly knocks: readonly Place[];
}

const outsider = 'clinician-2';

/** Sends canaries through everything that takes a patient's data. */
export async function sendCanaries(): Promise<CanaryRun> {
  const limits = { ...defaultRouterConfig.limits, costBudget: 1e9, maxFields: 20_000 };
  const metrics = createMetrics();
  const stack = await startJourney({
    households: 1,
    signInPort: await freePort(),
    router: { limits: { ...limits, maxTokens: 10_000, requestsPerMinute: 1e6 } },
    reach: (_store, target) => logEverything(target),
    metrics,
  });
  const canaries = createCanaries();
  const wal = await watchWal(stack.keys.keyDatabase, `canary_${process.pid}`);
  const redis = new Redis(await serviceUrl('redis'));
  const saidToRedis: string[] = [];
  const monitor = await redis.monitor();
  monitor.on('monitor', (_time: string, said: string[]) => void saidToRedis.push(said.join(' ')));
  const sent = await sendAll(stack, canaries);
  return {
    ...{ stack, canaries, wal, redis, saidToRedis, ...sent },
    metrics: await scrape(metrics),
    async stop() {
      monitor.disconnect();
      redis.disconnect();
      await wal.stop();
      await stack.stop();
    },
  };
}

async function sendAll(stack: JourneyStack, canaries: Canaries): Promise<Sent> {
  const facts = await factsOf(stack);
  const [world, other] = [newWorld(stack), newWorld(stack)];
  const write = (steps: ReturnType<typeof stepsOf>) => writeInTurn(stack, canaries, steps);
  const alone = await write(stepsOf(world, facts));
  const inBatches = await writeBatches(stack, canaries, stepsOf(other, facts));
  const asOutsider = await write(outsiderSteps(stack, world, facts));
  const late = await writeLate(stack, canaries, world);
  const searchedFor = textsOf(canaries);
  const found = await findIds(stack);
  const asked = readsOf({ world, facts, found, texts: searchedFor });
  const reads = await readEverything(stack, asked);
  const again = await write(stepsOf(world, facts));
  const sameFamily = () => ({ ...newWorld(stack), ...familyOf(world) });
  const refusedByStore = await writeRefused(stack, canaries, () => stepsOf(sameFamily(), facts));
  const unreadable = await readUnreadable(stack, world.dead);
  const refusals = await writeWrongly(stack, canaries, stepsOf(newWorld(stack), facts));
  const knocks = [...(await knockEverywhere(stack, canaries)), ...(await openDoors(stack))];
  await stack.settle();
  const setAside = [...asOutsider, ...late];
  return {
    ...{ world, facts, alone, inBatches, again, setAside, refusedByStore },
    ...{ reads, searchedFor, unreadable, refusals, knocks },
  };
}

async function writeInTurn(
  stack: JourneyStack,
  canaries: Canaries,
  steps: ReturnType<typeof stepsOf>,
): Promise<readonly Written[]> {
  const written: Written[] = [];
  for (const step of steps) {
    written.push(await writeOne(stack, canaries, step));
    await stack.settle();
  }
  return written;
}

/** What of a world a new record can be about. */
function familyOf({ household, patient, second, wrongCheckup, wrongDose, ...rest }: World) {
  const { changedDraft, issued, otherStaff } = rest;
  return { household, patient, second, wrongCheckup, wrongDose, changedDraft, issued, otherStaff };
}

/** Somebody of another place writes of the same people: it is kept for review, or refused. */
function outsiderSteps(stack: JourneyStack, world: World, facts: Facts) {
  const steps = stepsOf({ ...newWorld(stack), ...familyOf(world) }, facts);
  return steps.map(({ areaRoots: _usual, ...step }) => ({ ...step, actor: outsider }));
}

/** Devices that were away write over what others have written meanwhile. */
async function writeLate(
  stack: JourneyStack,
  canaries: Canaries,
  world: World,
): Promise<readonly Written[]> {
  const actor = 'hospital-clinician-1';
  const steps = [
    { mutation: 'updatePatient', actor, input: { patientId: world.second } },
    { mutation: 'updateHousehold', actor, input: { householdId: world.household } },
    { mutation: 'updateDraftPrescription', actor, input: { prescriptionId: world.changedDraft } },
  ];
  const deviceId = stack.newId();
  const written: Written[] = [];
  for (const step of steps) {
    written.push(await writeOne(stack, canaries, step, { deviceId, baseVersion: 1 }));
  }
  await stack.settle();
  return written;
}

/** Of the first person who was registered. */
function textsOf(canaries: Canaries): SearchTexts {
  const first = (coordinate: string) => canaries.madeFor(coordinate)[0] ?? '';
  return {
    name: first('RegisterPatientInput.name'),
    phone: first('RegisterPatientInput.phone'),
    value: first('NewIdentifierInput.value'),
  };
}

async function scrape(metrics: ReturnType<typeof createMetrics>): Promise<Place> {
  const server = await serveMetrics(metrics, 0);
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
    const bytes = Buffer.from(await answer.arrayBuffer());
    return { name: `metrics: ${answer.status}`, bytes };
  } finally {
    server.close();
  }
}
