import { afterAll, beforeAll, expect, test } from 'vitest';
import { countStatements, storeNames } from '@caregraph/database';
import { startJourney, type JourneyStack } from './test-stack.ts';

/** One question to all five subgraphs, and what it costs. */

let stack: JourneyStack;
beforeAll(async () => {
  stack = await startJourney({ households: 16 });
});
afterAll(() => stack.stop());

const timeline = `query Timeline($first: Int!) {
  patients(first: $first) {
    edges {
      node {
        id
        name
        birthDate
        institution { name }
        latestCheckup { occurredAt recordedBy { name institution { name } } }
        prescriptions(first: 3) { edges { node { state items { medicine { name } } } } }
        accessHistory(first: 3) { edges { node { actor { name } purpose } } }
      }
    }
  }
}`;

interface Person {
  readonly id: string;
  readonly name: string;
  readonly latestCheckup: { readonly recordedBy: { readonly name: string } } | null;
  readonly prescriptions: { readonly edges: readonly unknown[] };
  readonly accessHistory: { readonly edges: readonly unknown[] };
}

async function readTimeline(first: number): Promise<Person[]> {
  const data = await stack.read('hospital-clinician-1', timeline, { first });
  const { edges } = data['patients'] as { edges: { node: Person }[] };
  return edges.map(({ node }) => node);
}

test('one query shows a person across all five subgraphs', async () => {
  const people = await readTimeline(50);
  const whole = people.find((one) => one.latestCheckup && one.prescriptions.edges.length > 0);
  expect(whole).toEqual({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    name: expect.stringMatching(/\S/),
    birthDate: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
    institution: { name: expect.stringContaining('Health Post') },
    latestCheckup: {
      occurredAt: expect.stringMatching(/Z$/),
      recordedBy: {
        name: expect.stringMatching(/\S/),
        institution: { name: expect.stringMatching(/\S/) },
      },
    },
    prescriptions: {
      edges: expect.arrayContaining([
        {
          node: {
            state: expect.stringMatching(/^[A-Z_]+$/),
            items: [{ medicine: { name: expect.stringMatching(/\S/) } }],
          },
        },
      ]),
    },
    accessHistory: {
      edges: expect.arrayContaining([
        { node: { actor: { name: expect.stringMatching(/\S/) }, purpose: 'treatment' } },
      ]),
    },
  });
  // Not everybody was examined: nobody's checkup stands for another's.
  expect(people.some((one) => one.latestCheckup === null)).toBe(true);
});

/** What the request itself sent, store by store; events travel on their own clock. */
async function statementsOf(work: () => Promise<unknown>): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  let run = work;
  for (const store of storeNames) {
    const inner = run;
    run = async () => {
      const { statements } = await countStatements(stack.deployment.pools[store], inner);
      counts[store] = statements.filter((sql) => !isBackground(sql)).length;
    };
  }
  await run();
  return counts;
}

/**
 * The relay carries the audit intents of this and earlier requests meanwhile. All of that writes,
 * or touches the tables of events; a read writes nothing but its own intent.
 */
function isBackground(sql: string): boolean {
  const transaction = /^(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET|DISCARD|SELECT set_config)\b/;
  return transaction.test(sql) || /outbox_event|inbox_message|\b(INSERT INTO|UPDATE)\b/.test(sql);
}

test('50 people cost as many SQL statements as 5', async () => {
  await readTimeline(50);
  await stack.settle();
  const few = await statementsOf(async () => expect(await readTimeline(5)).toHaveLength(5));
  await stack.settle();
  const many = await statementsOf(async () => expect(await readTimeline(50)).toHaveLength(50));
  expect(many).toEqual(few);
  // Each store was asked, so the counter counts.
  expect(Math.min(...Object.values(few))).toBeGreaterThan(0);
});
