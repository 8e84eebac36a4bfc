import type { EventDraft } from '@caregraph/messaging';
import { accessEvent } from '../audit/access-trail.ts';
import type { RequestContext } from '../context.ts';
import { isApplied, type OperationStamp, type Outcome } from './operation.ts';

/** The audit intent of a write, also of a refused one; none when it concerns nobody's record. */
export function writeIntents(
  ctx: RequestContext,
  write: { subgraph: string; operation: string; stamp: OperationStamp; outcome: Outcome },
): EventDraft[] {
  const { subgraph, operation, stamp, outcome } = write;
  if (outcome.patientId === undefined) return [];
  const types = isApplied(outcome) ? [...new Set(outcome.changes.map((one) => one.typename))] : [];
  return [
    accessEvent(
      { ...ctx, subgraph, at: stamp.receivedAt },
      {
        action: 'WRITE',
        operation,
        operationId: stamp.id,
        recordedAt: stamp.recordedAt.toISOString(),
        outcome: outcome.verdict,
        accesses: [{ patientId: outcome.patientId, types }],
      },
    ),
  ];
}
