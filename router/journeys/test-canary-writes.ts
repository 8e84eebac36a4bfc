import type { Canaries } from './test-canary-texts.ts';
import { batches, inputOf, withCanaries } from './test-canary-schema.ts';
import { tokenOf, type Step } from './test-canary-world.ts';
import type { JourneyStack } from './test-stack.ts';

/** What became of one operation. */
export interface Written {
  readonly mutation: string;
  /** Through which batch it went, if it did. */
  readonly batch?: string;
  readonly verdict: string;
  readonly problems: string;
  /** The input fields in which it carried a canary. */
  readonly carried: ReadonlySet<string>;
}

interface Receipt {
  readonly verdict: string;
  readonly problems: unknown;
}

/** Sends a step by itself. */
export async function writeOne(
  stack: JourneyStack,
  canaries: Canaries,
  step: Step,
  stamp: Readonly<Record<string, unknown>> = {},
): Promise<Written> {
  const { input, carried } = await fill(stack, step, canaries);
  const query = `mutation ($operation: OperationInput!, $input: ${inputOf(step.mutation).name}!) {
    receipt: ${step.mutation}(operation: $operation, input: $input) {
      verdict problems { code message field }
    }
  }`;
  const variables = { operation: stack.operation(stamp), input };
  const token = await tokenOf(stack, step);
  const { data, errors } = await stack.ask(step.actor, query, variables, { token });
  const receipt = data?.['receipt'] as Receipt | null | undefined;
  return {
    mutation: step.mutation,
    verdict: receipt?.verdict ?? 'NONE',
    problems: JSON.stringify(receipt?.problems ?? errors),
    carried,
  };
}

/** Sends steps as devices that were offline do: in batches, each of one person, in their order. */
export async function writeBatches(
  stack: JourneyStack,
  canaries: Canaries,
  steps: readonly Step[],
): Promise<readonly Written[]> {
  const written: Written[] = [];
  const batchOf = (step: Step) =>
    [...batches].find(([, members]) => members.includes(step.mutation))?.[0];
  for (const run of runsOf(steps, (step) => [batchOf(step), step.actor, step.areaRoots].join())) {
    const batch = run[0] && batchOf(run[0]);
    if (batch !== undefined) written.push(...(await writeBatch(stack, canaries, batch, run)));
    await stack.settle();
  }
  return written;
}

/** Cuts a list where what stands next to each other differs. */
function runsOf<T>(list: readonly T[], kindOf: (one: T) => string): T[][] {
  const runs: T[][] = [];
  for (const one of list) {
    const last = runs.at(-1);
    if (last?.[0] !== undefined && kindOf(last[0]) === kindOf(one)) last.push(one);
    else runs.push([one]);
  }
  return runs;
}

async function writeBatch(
  stack: JourneyStack,
  canaries: Canaries,
  batch: string,
  steps: readonly Step[],
): Promise<readonly Written[]> {
  const filled = await Promise.all(
    steps.map(async (step) => ({ step, ...(await fill(stack, step, canaries)) })),
  );
  const name = /^apply(.+)Operations$/.exec(batch)?.[1] ?? '';
  const query = `mutation ($operations: [${name}Operation!]!) {
    receipts: ${batch}(operations: $operations, stopOnFailure: false) {
      verdict problems { code message field }
    }
  }`;
  const operations = filled.map(({ step, input }) => ({
    operation: stack.operation(),
    [step.mutation]: input,
  }));
  const [first] = steps;
  if (first === undefined) return [];
  const token = await tokenOf(stack, first);
  const { data, errors } = await stack.ask(first.actor, query, { operations }, { token });
  const receipts = (data?.['receipts'] ?? []) as readonly (Receipt | null)[];
  return filled.map(({ step: { mutation }, carried }, at) => {
    const receipt = receipts[at];
    const problems = JSON.stringify(receipt?.problems ?? errors);
    return { mutation, batch, verdict: receipt?.verdict ?? 'NONE', problems, carried };
  });
}

/** Puts a canary into every text of a patient that a step leaves out. */
export async function fill(
  stack: JourneyStack,
  { mutation, input, complete }: Step,
  canaries: Canaries,
): Promise<{ input: Record<string, unknown>; carried: ReadonlySet<string> }> {
  const carried = new Set<string>();
  const given = { ...input, ...(await complete?.(stack)) };
  const filled = withCanaries(inputOf(mutation), given, (coordinate) => {
    carried.add(coordinate);
    return canaries.make(coordinate);
  });
  return { input: filled, carried };
}
