import type { Scope } from '@caregraph/access';
import { addDays } from '@caregraph/guideline';
import { problem, type Problem } from '@caregraph/subgraph';
import { activeAllergies } from '../allergy/index.ts';
import type { StoreTx } from '../client.ts';
import { facilityDay } from '../facility-day.ts';
import type { Subject } from './prescription.input.ts';
import {
  assessItems,
  fieldOfFinding,
  type Finding,
  type ItemToAssess,
} from './prescription.safety.ts';
import { atcCodesOf, otherMedicines } from './prescription-write.store.ts';

/** How long a prescription may be dispensed when its prescriber names no day. */
const validityDays = 30;
const longestValidityDays = 366;

export interface Assessment {
  /** Of each item, in order. */
  readonly findings: readonly (readonly Finding[])[];
  /** Medicines that the reference list does not have. */
  readonly unknown: readonly Problem[];
}

/**
 * Tells whether an actor may change or issue a draft: their own, or one of their institution.
 * Threat: someone elsewhere rewrites an order that then goes out under the name of who began it.
 */
export function worksOnDraft(
  scope: Pick<Scope, 'authorId' | 'institutionId'>,
  draft: { readonly authorId: string; readonly institutionId: string },
): boolean {
  return draft.authorId === scope.authorId || draft.institutionId === scope.institutionId;
}

/** Holds the items of a prescription against what is known of the person. */
export async function assess(
  tx: StoreTx,
  prescription: { readonly id: string; readonly patientId: string; readonly day: string },
  items: readonly Omit<ItemToAssess, 'atcCode'>[],
  subject: Subject | undefined,
): Promise<Assessment> {
  const codes = items.flatMap(({ medicineCode }) => (medicineCode == null ? [] : [medicineCode]));
  const atcCodes = await atcCodesOf(tx, codes);
  const unknown = items.flatMap(({ medicineCode }, index) =>
    medicineCode == null || atcCodes.has(medicineCode)
      ? []
      : [problem('REFERENCE_NOT_FOUND', `items.${index}.medicineCode`)],
  );
  const { id, patientId, day } = prescription;
  const background = {
    subject,
    allergies: await activeAllergies(tx, patientId),
    otherMedicines: await otherMedicines(tx, patientId, id, day),
  };
  const known = items.map((item) => ({ ...item, atcCode: atcCodes.get(item.medicineCode ?? '') }));
  return { findings: assessItems(known, background), unknown };
}

/** One problem for each field that a rule refuses. */
export function refusals({ findings }: Assessment): Problem[] {
  return problemsOf(findings, 'DOSE_REFUSED', ({ severity }) => severity === 'ERROR');
}

/** One warning for each field that a rule has something to say about. */
export function warnings({ findings }: Assessment): Problem[] {
  return problemsOf(findings, 'SAFETY_WARNING', () => true);
}

function problemsOf(
  findings: Assessment['findings'],
  code: 'DOSE_REFUSED' | 'SAFETY_WARNING',
  counts: (finding: Finding) => boolean,
): Problem[] {
  const fields = findings.flatMap((ofItem, index) =>
    ofItem.filter(counts).map((finding) => `items.${index}.${fieldOfFinding(finding)}`),
  );
  return [...new Set(fields)].map((field) => problem(code, field));
}

/**
 * The last day of a prescription that is issued now: the one that was asked for, or thirty days on.
 *
 * @returns undefined when the day asked for is over already, or more than a year away
 */
export function lastDay(issuedAt: Date, asked: string | null | undefined): string | undefined {
  const day = facilityDay(issuedAt);
  if (asked == null) return addDays(day, validityDays);
  return asked < day || asked > addDays(day, longestValidityDays) ? undefined : asked;
}
