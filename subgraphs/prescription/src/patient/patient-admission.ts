import type { Scope } from '@caregraph/access';
import {
  factAuthor,
  patientsInScope,
  problem,
  rejected,
  type OperationStamp,
  type Outcome,
  type Problem,
} from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';

/** A patient about whom the actor may record something. */
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
  return { admitted: false, refusal: keptForReview('patientId', patientId) };
}

function admission(
  patientId: string,
  ref: { readonly areaId: string | null; readonly status: string },
): Admission {
  if (ref.status === 'ERASED') return { admitted: false, refusal: rejected('ERASED', 'patientId') };
  const provisional = ref.status === 'PROVISIONAL';
  return { admitted: true, patient: { patientId, areaId: ref.areaId, provisional } };
}

/**
 * Tells whether the records of a patient may be changed now. Of a patient who has not arrived,
 * only while all of them are the actor's: nobody changes what another one recorded there.
 */
export async function reachesPatient(tx: StoreTx, scope: Scope, id: string): Promise<boolean> {
  const placed = { AND: [{ status: { not: 'PROVISIONAL' } }, patientsInScope(scope)] };
  const authorId = factAuthor(scope);
  const none = { authorId: { not: authorId ?? '' } };
  const lists = { allergies: { none }, prescriptions: { none }, dispensings: { none } };
  const own = authorId === null ? [] : [{ status: 'PROVISIONAL', ...lists }];
  return (await tx.patientRef.count({ where: { AND: [{ OR: [placed, ...own] }, { id }] } })) > 0;
}

/** Keeps what was recorded about a record that exists, but not in the actor's scope now. */
export function keptForReview(field: string, patientId?: string): Outcome {
  const problems = [problem('OUT_OF_SCOPE_KEPT', field)] as const;
  const outcome = { verdict: 'QUARANTINED', problems } as const;
  return patientId === undefined ? outcome : { ...outcome, patientId };
}

/** The outcome of an operation that created a record of a patient. */
export function recordedOutcome(
  patient: AdmittedPatient,
  record: { readonly typename: string; readonly id: string },
  warnings: readonly Problem[] = [],
): Outcome {
  const { patientId, areaId, provisional } = patient;
  const unknown = provisional ? [problem('PATIENT_NOT_KNOWN_YET', 'patientId')] : [];
  return {
    verdict: provisional ? 'PROVISIONAL' : 'APPLIED',
    entityId: record.id,
    version: 1,
    problems: [...unknown, ...warnings],
    changes: [{ typename: record.typename, entityId: record.id, version: 1, areaAfter: areaId }],
    patientId,
  };
}
