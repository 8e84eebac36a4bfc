import { GraphQLError } from 'graphql';
import { Fault } from '@caregraph/fault';
import type { RequestContext } from '../context.ts';
import type { OperationEngine } from './operation-engine.ts';
import type { Operation, OperationInput } from './operation.ts';
import type { Receipt } from './receipt.ts';

type Resolver<TContext> = (parent: unknown, args: never, ctx: TContext) => unknown;

interface SingleArgs {
  readonly operation: OperationInput;
  readonly input: unknown;
}

type BatchEntry = Readonly<Record<string, unknown>> & { readonly operation: OperationInput };

interface BatchArgs {
  readonly operations: readonly BatchEntry[];
  readonly stopOnFailure: boolean;
}

const maxBatch = 500;

/**
 * Makes the mutations of a subgraph from its operations: one field each, and the batch field
 * through which devices replay. Both take the same path through the engine.
 *
 * @param batchField e.g. `applyPatientOperations`
 */
export function operationResolvers<TContext extends RequestContext, TTx>(options: {
  batchField: string;
  operations: readonly Operation<TContext, TTx>[];
  engine: OperationEngine<TContext, TTx>;
  /** Forgets what the request has loaded, so that a receipt shows the record as it is now. */
  afterWrite: (ctx: TContext) => void;
}): Record<string, Resolver<TContext>> {
  const { engine, operations, afterWrite } = options;
  const byName = new Map(operations.map((operation) => [operation.name, operation]));

  async function applyOne(ctx: TContext, name: string, input: OperationInput, payload: unknown) {
    const operation = byName.get(name);
    if (operation === undefined) throw new Fault('OPERATION_MEMBERS_INVALID');
    const receipt = await engine.apply(ctx, operation, input, payload);
    afterWrite(ctx);
    return receipt;
  }

  async function applyEntry(ctx: TContext, entry: BatchEntry) {
    const only = onlyMember(entry);
    if (only === undefined) throw new Fault('OPERATION_MEMBERS_INVALID');
    return applyOne(ctx, only[0], entry.operation, only[1]);
  }

  async function applyBatch(_parent: unknown, args: BatchArgs, ctx: TContext) {
    if (args.operations.length > maxBatch) throw new Fault('BATCH_TOO_LARGE', { maxBatch });
    await prepareBatch(engine, byName, ctx, args.operations);
    const answers: (Receipt | Error)[] = [];
    let failed = false;
    for (const entry of args.operations) {
      if (failed && args.stopOnFailure) {
        answers.push(new Fault('OPERATION_NOT_REACHED'));
        continue;
      }
      const answer = await applyEntry(ctx, entry).catch(asError);
      failed ||= answer instanceof Error || answer.verdict === 'REJECTED';
      answers.push(answer);
    }
    return answers;
  }

  const singles = operations.map(({ name }) => [
    name,
    (_parent: unknown, args: SingleArgs, ctx: TContext) =>
      applyOne(ctx, name, args.operation, args.input),
  ]);
  return Object.fromEntries([...singles, [options.batchField, applyBatch]]) as Record<
    string,
    Resolver<TContext>
  >;
}

/** Fetches the keys of a whole batch by one call; each entry would ask for its own. */
async function prepareBatch<TContext extends RequestContext, TTx>(
  engine: OperationEngine<TContext, TTx>,
  byName: ReadonlyMap<string, Operation<TContext, TTx>>,
  ctx: TContext,
  entries: readonly BatchEntry[],
): Promise<void> {
  const prepared = entries.flatMap((entry) => {
    const [name = '', payload] = onlyMember(entry) ?? [];
    const operation = byName.get(name);
    return operation === undefined ? [] : [{ operation, payload }];
  });
  await engine.prepare(ctx, prepared);
}

/** The one operation that an entry sets; undefined when it sets none or several. */
function onlyMember(entry: BatchEntry): readonly [name: string, payload: unknown] | undefined {
  const { operation: _stamp, ...members } = entry;
  const set = Object.entries(members).filter(([, value]) => value != null);
  return set.length === 1 ? set[0] : undefined;
}

/** An entry's fault takes the place of its receipt: GraphQL makes it null with an error. */
function asError(error: unknown): Error {
  return error instanceof Error ? error : new GraphQLError('unknown failure');
}
