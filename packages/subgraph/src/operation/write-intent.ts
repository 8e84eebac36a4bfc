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
  if (patientsOf(outcome).length === 0) return [];
  const types = isApplied(outcome) ? [...new Set(outcome.changes.map((one) => one.typename))] : [];
  const made = isApplied(outcome) ? outcome.breakGlass : undefined;
  return [
    accessEvent(
      { ...ctx, subgraph, at: stamp.receivedAt, breakGlass: made ?? ctx.breakGlass },
      {
        action: 'WRITE',
        operation,
        operationId: stamp.id,
        recordedAt: stamp.recordedAt.toISOString(),
        outcome: outcome.verdict,
        accesses: patientsOf(outcome).map((patientId) => ({ patientId, types })),
      },
    ),
  ];
}

function patientsOf(outcome: Outcome): string[] {
  const first = outcome.patientId === undefined ? [] : [outcome.patientId];
  const others = isApplied(outcome) ? (outcome.otherPatientIds ?? []) : [];
  return [...new Set([...first, ...others])];
}
