import type { Scope } from '@caregraph/access';
import { patientsInScope, problem, type OperationStamp, type Outcome } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';

/** A patient about whom the actor may record a fact. */
export interface AdmittedPatient {
  readonly patientId: string;
  readonly areaId: string | null;
  /** True until the patient's own record has arrived here. */
  readonly provisional: boolean;
}

export type Admission =
  | { readonly admitted: true; readonly patient: AdmittedPatient }
  | { readonly admitted: false; readonly refusal: Outcome };

/**
 * Tells whether a fact about a patient can be recorded. A patient whose record has not arrived yet
 * gets a placeholder, under which each author sees their own facts; it settles with the patient's
 * first event. A fact
 * about someone out of scope is kept for a supervisor, because it happened all the same.
 */
export async function admitPatient(
  tx: StoreTx,
  scope: Scope,
  patientId: string,
  stamp: OperationStamp,
): Promise<Admission> {
  const select = { areaId: true, status: true };
  const where = { AND: [patientsInScope(scope), { id: patientId }] };
  const seen = await tx.patientRef.findFirst({ where, select });
  if (seen !== null) return admission(patientId, seen);
  const { count } = await tx.patientRef.createMany({
    data: [{ id: patientId, authorId: stamp.authorId, status: 'PROVISIONAL', version: 0 }],
    skipDuplicates: true,
  });
  if (count === 1) return admission(patientId, { areaId: null, status: 'PROVISIONAL' });
  const other = await tx.patientRef.findUniqueOrThrow({ where: { id: patientId }, select });
  // Two workers may know a person whom the server does not know yet; who was erased is nobody's.
  if (['PROVISIONAL', 'ERASED'].includes(other.status)) return admission(patientId, other);
  const problems = [problem('OUT_OF_SCOPE_KEPT', 'patientId')] as const;
  return { admitted: false, refusal: { verdict: 'QUARANTINED', problems, patientId } };
}

function admission(
  patientId: string,
  ref: { readonly areaId: string | null; readonly status: string },
): Admission {
  if (ref.status === 'ERASED') {
    const problems = [problem('ERASED', 'patientId')] as const;
    return { admitted: false, refusal: { verdict: 'REJECTED', problems } };
  }
  const provisional = ref.status === 'PROVISIONAL';
  return { admitted: true, patient: { patientId, areaId: ref.areaId, provisional } };
}
