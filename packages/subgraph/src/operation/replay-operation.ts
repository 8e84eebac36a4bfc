import { timingSafeEqual } from 'node:crypto';
import { Fault } from '@caregraph/fault';
import { refuseErased } from './erased-subject.ts';
import type { Subject } from './key-owners.ts';
import type { EarlierOperation } from './operation-record.ts';
import { rejected, type OperationStamp, type RefusedOutcome } from './operation.ts';
import type { Receipt } from './receipt.ts';

/** A call whose operation id is taken. */
export interface RepeatedCall {
  readonly operation: string;
  readonly stamp: OperationStamp;
  readonly requestHash: Uint8Array;
  readonly subjects: readonly Subject[];
  /** Whom the key database shows as erased. */
  readonly erased: Iterable<string>;
}

/**
 * Answers the repetition of an operation with what became of it. When a person whom it names was
 * erased meanwhile, it is answered as one that comes late: a device that lost the first answer must
 * not believe that the person is there.
 *
 * @throws Fault OPERATION_ID_REUSED when it is another request, or another author's
 */
export function replayOperation(call: RepeatedCall, earlier: EarlierOperation): Receipt {
  if (!isRepetition(call, earlier)) throw new Fault('OPERATION_ID_REUSED');
  const erased = refuseErased(call.subjects, call.erased, earlier.erased) ?? wasEmptied(earlier);
  return {
    operation: call.operation,
    operationId: call.stamp.id,
    verdict: erased?.verdict ?? earlier.verdict,
    replayed: true,
    problems: erased?.problems ?? earlier.result.problems,
    serverTime: call.stamp.receivedAt,
    entityId: erased ? undefined : earlier.result.entityId,
  };
}

/**
 * Threat: what an erased person was called is guessed by sending an operation again, since the right
 * name gets another answer than a wrong one. Defence: the hash is blanked, and then only what says
 * nothing of the person is compared.
 */
function isRepetition({ requestHash }: RepeatedCall, earlier: EarlierOperation): boolean {
  if (earlier.requestHash.length === 0) return earlier.sameStamp;
  return timingSafeEqual(earlier.requestHash, requestHash);
}

/** What was taken or kept has a record or a payload, until an erasure. Its input may name nobody. */
function wasEmptied({ verdict, result, hasPayload }: EarlierOperation): RefusedOutcome | undefined {
  if (verdict === 'REJECTED' || result.entityId !== undefined || hasPayload) return undefined;
  return rejected('ERASED');
}
