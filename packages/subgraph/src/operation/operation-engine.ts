import type { Actor } from '@caregraph/access';
import { isUuidV7 } from '@caregraph/clock';
import { constraintViolation, isDataException } from '@caregraph/database';
import { Fault, type ProblemCode } from '@caregraph/fault';
import { toOutboxRows, type SqlSession, type TransactionalStore } from '@caregraph/messaging';
import type { RequestContext } from '../context.ts';
import { claimOperation, settleOperation, type OperationResult } from './operation-record.ts';
import {
  isApplied,
  rejected,
  type Operation,
  type OperationInput,
  type OperationStamp,
  type Outcome,
} from './operation.ts';
import { provenDevice } from './proven-device.ts';
import type { Sealing } from '../sealing.ts';
import { refusalOfSeal, refuseErased } from './erased-subject.ts';
import { keptValues } from './kept-value.ts';
import { keyOwnersOf, type Subject } from './key-owners.ts';
import type { Receipt } from './receipt.ts';
import { withSubject } from './refused-subject.ts';
import { replayOperation } from './replay-operation.ts';
import { hashRequest } from './request-hash.ts';
import { writeIntents } from './write-intent.ts';

export interface OperationEngineOptions<TTx extends SqlSession> {
  readonly subgraph: string;
  readonly store: TransactionalStore<TTx>;
  /** Keys the hash of requests; at least 32 bytes. */
  readonly hashKey: Uint8Array;
  /** Refuses whom the SDL does not let call `Mutation.<operation>`. */
  readonly enforce: (operation: string, actor: Actor) => void;
  /** Keeps what could not be applied or does not show, and fetches keys beforehand. */
  readonly sealing: Pick<Sealing, 'prepare' | 'keep'>;
  /** Problem codes for named constraints; others get the code of their kind. */
  readonly constraintProblems: Readonly<Record<string, ProblemCode>>;
  readonly onCommit: () => void;
}

export interface OperationEngine<TContext extends RequestContext, TTx> {
  /**
   * Fetches the keys that operations will seal with by one call, so that a batch does not ask for
   * each. `apply` does it for its own.
   *
   * @throws KeyServiceError
   */
  prepare(
    ctx: TContext,
    operations: readonly {
      readonly operation: Operation<TContext, TTx>;
      readonly payload: unknown;
    }[],
  ): Promise<void>;
  /**
   * Applies an operation once, or gives the receipt of the earlier time.
   *
   * @throws Fault FORBIDDEN, DEVICE_MISMATCH, OPERATION_ID_REUSED; database faults as they come
   */
  apply(
    ctx: TContext,
    operation: Operation<TContext, TTx>,
    input: OperationInput,
    payload: unknown,
  ): Promise<Receipt>;
}

/** Writes are bounded, so that a feed never waits longer for the oldest transaction. */
const transactionLimits = { maxWait: 5_000, timeout: 10_000 };
/** Clocks that were measured still drift a little. */
const futureToleranceMs = 5 * 60_000;

/**
 * Creates the engine behind every mutation: one transaction holds the operation record, the
 * effect, the change log, the outbox events and the audit intent.
 */
export function createOperationEngine<TContext extends RequestContext, TTx extends SqlSession>(
  options: OperationEngineOptions<TTx>,
): OperationEngine<TContext, TTx> {
  return {
    async prepare(ctx, operations) {
      const owners = operations.flatMap(({ operation, payload }) =>
        keyOwnersOf(ctx, operation, payload),
      );
      await options.sealing.prepare(owners);
    },
    async apply(ctx, operation, input, payload) {
      options.enforce(operation.name, ctx.actor);
      refuseUncountable(ctx, input);
      const stamp = stampOf(ctx, input);
      // Before BEGIN: a transaction that waits for a key service would hold back every feed.
      const erased = await options.sealing.prepare(keyOwnersOf(ctx, operation, payload));
      const subjects = operation.subjects(payload);
      const request = { name: operation.name, actorId: ctx.actor.id, input, payload };
      const requestHash = hashRequest(options.hashKey, request);
      const receipt = await options.store.$transaction(async (tx) => {
        const { requestId } = ctx;
        const named = subjects.map(({ id }) => id);
        const claim = await claimOperation(tx, {
          ...{ name: operation.name, actorId: ctx.actor.id, input, stamp, requestHash },
          ...{ requestId, named },
        });
        if (claim.kind === 'REPLAY') {
          const call = { operation: operation.name, stamp, requestHash, subjects, erased };
          return replayOperation(call, claim.earlier);
        }
        const call = { ctx, tx, input: payload, stamp };
        const outcome =
          refuseErased(subjects, erased, claim.erased) ??
          (await runInSavepoint(options, tx, operation, call));
        const told = withSubject(outcome, payload);
        return settle(options, { ctx, tx, operation, stamp, payload }, told);
      }, transactionLimits);
      options.onCommit();
      return receipt;
    },
  };
}

/** What every record is stored with: an author who can be one, and a count that can be one. */
function refuseUncountable(ctx: RequestContext, input: OperationInput): void {
  if (!isUuidV7(ctx.actor.id)) throw new Fault('FORBIDDEN', { policy: 'a person writes' });
  if (input.deviceSequence < 1) {
    throw new Fault('BAD_USER_INPUT', { at: 'operation.deviceSequence' });
  }
}

function stampOf(ctx: RequestContext, input: OperationInput): OperationStamp {
  const deviceMs = new Date(input.recordedAt).getTime();
  return {
    id: input.id,
    deviceId: provenDevice(ctx.actor, input.deviceId),
    deviceSequence: input.deviceSequence,
    authorId: ctx.actor.id,
    recordedAt: new Date(deviceMs + input.clockOffsetMs),
    receivedAt: ctx.clock.now(),
    baseVersion: input.baseVersion ?? undefined,
  };
}

async function runInSavepoint<TContext extends RequestContext, TTx extends SqlSession>(
  options: OperationEngineOptions<TTx>,
  tx: TTx,
  operation: Operation<TContext, TTx>,
  call: { ctx: TContext; tx: TTx; input: unknown; stamp: OperationStamp },
): Promise<Outcome> {
  const { stamp } = call;
  if (stamp.recordedAt.getTime() > stamp.receivedAt.getTime() + futureToleranceMs) {
    return rejected('RECORDED_IN_FUTURE', 'operation.recordedAt');
  }
  if (holdsUnkeepable(call.input)) return rejected('INPUT_INVALID', 'input');
  await tx.$executeRawUnsafe('SAVEPOINT effect');
  try {
    const outcome = await operation.run(call);
    // What is kept needs no release: the commit ends the savepoint, and a statement is saved.
    if (!isApplied(outcome)) await tx.$executeRawUnsafe('ROLLBACK TO SAVEPOINT effect');
    return outcome;
  } catch (error) {
    const erased = refusalOfSeal(error, operation.subjects(call.input));
    if (erased !== undefined) {
      await tx.$executeRawUnsafe('ROLLBACK TO SAVEPOINT effect');
      return erased;
    }
    const violated = constraintViolation(error);
    // A value that the database can never hold must not stop a device's queue for good.
    if (violated === undefined && !isDataException(error)) throw error;
    await tx.$executeRawUnsafe('ROLLBACK TO SAVEPOINT effect');
    if (violated === undefined) return rejected('INPUT_INVALID');
    const code = options.constraintProblems[violated.constraint] ?? problemOfKind[violated.kind];
    return rejected(code);
  }
}

/** In JSON, only U+0000 and halves of characters are spelt like this; a backslash is doubled. */
const unkeepable = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/;

/**
 * PostgreSQL stores no U+0000, and half a character would come back as another one: refused for
 * every field alike, sealed ones too. Sealing would call it a stored value that does not open.
 */
function holdsUnkeepable(input: unknown): boolean {
  return unkeepable.test(JSON.stringify(input ?? null));
}

const problemOfKind = {
  check: 'VALUE_IMPOSSIBLE',
  unique: 'ALREADY_EXISTS',
  foreign_key: 'REFERENCE_NOT_FOUND',
  not_null: 'INPUT_INVALID',
} as const satisfies Record<string, ProblemCode>;

interface Written<TContext, TTx> {
  readonly ctx: TContext;
  readonly tx: TTx;
  readonly operation: { readonly name: string; subjects(payload: unknown): readonly Subject[] };
  readonly stamp: OperationStamp;
  readonly payload: unknown;
}

async function settle<TContext extends RequestContext, TTx extends SqlSession>(
  options: OperationEngineOptions<TTx>,
  written: Written<TContext, TTx>,
  told: Outcome,
): Promise<Receipt> {
  const { ctx, tx, operation, stamp } = written;
  const { outcome, kept } = await keepOrRefuse(options, written, told);
  const applied = isApplied(outcome) ? outcome : undefined;
  const result: OperationResult = {
    problems: outcome.problems ?? [],
    ...(applied ? { entityId: applied.entityId, version: applied.version } : {}),
  };
  const { subgraph } = options;
  const intents = writeIntents(ctx, { subgraph, operation: operation.name, stamp, outcome });
  await settleOperation(tx, {
    ...{ stamp, verdict: outcome.verdict, result },
    ...kept,
    changes: applied?.changes ?? [],
    events: toOutboxRows([...(applied?.events ?? []), ...intents], ctx),
  });
  return {
    operation: operation.name,
    operationId: stamp.id,
    verdict: outcome.verdict,
    replayed: false,
    problems: result.problems,
    serverTime: stamp.receivedAt,
    entityId: result.entityId,
  };
}

/** What an operation keeps cannot be sealed any more when its person was erased while it ran. */
async function keepOrRefuse<TContext extends RequestContext, TTx extends SqlSession>(
  { sealing }: OperationEngineOptions<TTx>,
  { ctx, tx, operation, stamp, payload }: Written<TContext, TTx>,
  outcome: Outcome,
) {
  try {
    return { outcome, kept: await keptValues(sealing, ctx, { stamp, outcome, payload }) };
  } catch (error) {
    const erased = refusalOfSeal(error, operation.subjects(payload));
    if (erased === undefined) throw error;
    // Only an operation that has run keeps anything, so the savepoint is there.
    await tx.$executeRawUnsafe('ROLLBACK TO SAVEPOINT effect');
    return { outcome: erased, kept: { sealedPayload: undefined, conflicts: [] } };
  }
}
