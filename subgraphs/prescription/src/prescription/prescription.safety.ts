import { z } from 'zod';
import {
  allergyMatches,
  checkPrescriptionItem,
  findMedicine,
  interactionsBetween,
  type PrescriptionProblem,
  type PrescriptionVerdict,
} from '@caregraph/guideline';
import type { Subject } from './prescription.input.ts';

const finding = z.object({
  code: z.string(),
  severity: z.enum(['WARNING', 'ERROR']),
  rule: z.string().exactOptional(),
  about: z.string().exactOptional(),
});

/** What the safety rules found on an item, as it is kept: codes of reference data only. */
export type Finding = Readonly<z.infer<typeof finding>>;

/** Reads the findings that an item keeps. */
export function readFindings(stored: unknown): Finding[] {
  return z.array(finding).parse(stored);
}

/** An item as the rules see it. Imported ones may lack most of it. */
export interface ItemToAssess {
  readonly medicineCode?: string | null | undefined;
  readonly atcCode: string | undefined;
  readonly doseQuantity?: number | null | undefined;
  readonly doseUnit?: string | null | undefined;
  readonly route?: string | null | undefined;
  readonly frequencyPerDay?: number | null | undefined;
  readonly durationDays?: number | null | undefined;
}

/** What is known of the person and of what they take. */
export interface Background {
  readonly subject: Subject | undefined;
  readonly allergies: readonly {
    readonly atcCode: string | null;
    readonly groupCode: string | null;
    readonly medicine: { readonly atcCode: string } | null;
  }[];
  /** ATC codes by other prescriptions. */
  readonly otherMedicines: readonly string[];
}

/**
 * Holds every item against the dose limits, the allergies and what else is taken, the other items
 * of the prescription among it. Pure: a device gets the same answer.
 *
 * @returns the findings of each item, in the order of the items
 * @source the rules and data of the guideline package
 * @example assessItems(items, background)[0]?.some(({ severity }) => severity === 'ERROR')
 */
export function assessItems(items: readonly ItemToAssess[], background: Background): Finding[][] {
  return items.map((item, index) => {
    if (item.atcCode === undefined) return [];
    const siblings = items.flatMap((one, other) =>
      other === index || one.atcCode === undefined ? [] : [one.atcCode],
    );
    const others = [...background.otherMedicines, ...siblings];
    const verdict = assessItem(item, item.atcCode, others, background);
    return [...kept(verdict.errors, 'ERROR'), ...kept(verdict.warnings, 'WARNING')];
  });
}

function assessItem(
  item: ItemToAssess,
  atcCode: string,
  otherMedicines: readonly string[],
  { subject, allergies }: Background,
): PrescriptionVerdict {
  const against = allergyCodes(allergies, atcCode);
  const { doseQuantity, doseUnit, route, durationDays, medicineCode } = item;
  if (!subject || doseQuantity == null || doseUnit == null || route == null) {
    return withoutDose(atcCode, against, otherMedicines);
  }
  const { ageDays, weightKg, pregnant, trimester } = subject;
  return checkPrescriptionItem({
    medicine: atcCode,
    ...(medicineCode == null ? {} : { presentation: medicineCode }),
    dose: { value: doseQuantity, unit: doseUnit },
    // Taken when needed without a most: at least the single dose is held against the limits.
    timesPerDay: item.frequencyPerDay ?? 1,
    route,
    ...(durationDays == null ? {} : { durationDays }),
    patient: {
      ageDays,
      pregnant,
      ...(weightKg == null ? {} : { weightKg }),
      ...(trimester == null ? {} : { trimester }),
    },
    allergies: against,
    otherMedicines,
  });
}

/** History of another system often has no dose: what can be said without one. */
function withoutDose(
  atcCode: string,
  allergies: readonly string[],
  others: readonly string[],
): PrescriptionVerdict {
  const medicine = findMedicine(atcCode);
  if (medicine === undefined) return { errors: [], warnings: [] };
  const warnings = others.flatMap((code) => {
    const other = findMedicine(code);
    if (other === undefined) return [];
    return interactionsBetween(medicine, other).map(({ rule, severity }) => {
      return { code: 'INTERACTION', rule, severity, with: code } as const;
    });
  });
  const errors = allergyMatches(medicine, allergies).map(({ allergy, rule }) => {
    const known = rule === undefined ? {} : { rule };
    return { code: 'ALLERGY', with: allergy, ...known } as const;
  });
  return { errors, warnings };
}

/** An allergy to an ATC group is one to each medicine in it. */
function allergyCodes(allergies: Background['allergies'], atcCode: string): string[] {
  const codes = allergies.flatMap((allergy) => {
    const inGroup = allergy.atcCode !== null && atcCode.startsWith(allergy.atcCode);
    return [inGroup ? atcCode : allergy.atcCode, allergy.groupCode, allergy.medicine?.atcCode];
  });
  return [...new Set(codes.filter((code) => code != null))];
}

function kept(problems: readonly PrescriptionProblem[], severity: Finding['severity']): Finding[] {
  return problems.map(({ code, rule, with: about }) => ({
    code,
    severity,
    ...(rule === undefined ? {} : { rule }),
    ...(about === undefined ? {} : { about }),
  }));
}

/** The input field that a finding is about, for the message next to it. */
export function fieldOfFinding({ code }: Finding): string {
  if (code === 'ROUTE_NOT_AVAILABLE') return 'route';
  if (code.startsWith('DURATION_')) return 'durationDays';
  if (code.startsWith('DOSE_') || code === 'UNIT_NOT_COMPARABLE') return 'doseQuantity';
  return 'medicineCode';
}
