import {
  civilDateIn,
  daysBetween,
  findDangerSign,
  PREGNANCY_DAYS,
  type CivilDate,
} from '@caregraph/guideline';
import { problem, type Problem } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { ClinicalContext } from '../context.ts';
import { knownDiseaseCodes } from '../disease/index.ts';
import { findDating } from '../pregnancy/index.ts';
import { civilDay, storedDay } from '../stored-day.ts';
import type { CheckupFindings, VitalsValues } from './checkup.input.ts';
import type { NewCheckup } from './checkup-write.store.ts';
import type { NewDiagnosis } from './diagnosis.store.ts';
import { checkVitals } from './vitals-check.ts';

/** The visit that findings belong to. */
export interface Visit {
  readonly checkupId: string;
  readonly patientId: string;
  readonly visitType: string;
  readonly occurredAt: Date;
}

export type ReadFindings =
  | { readonly refused: readonly [Problem, ...Problem[]] }
  | {
      readonly refused?: never;
      readonly columns: Omit<
        NewCheckup,
        'id' | 'patientId' | 'visitType' | 'occurredAt' | 'institutionId'
      >;
      readonly diagnoses: NewDiagnosis[];
      readonly warnings: readonly Problem[];
    };

/**
 * Checks what was found at a visit and turns it into rows. Everything that is wrong is told at
 * once, so that the worker corrects it in one go.
 */
export async function readFindings(
  ctx: ClinicalContext,
  tx: StoreTx,
  visit: Visit,
  input: CheckupFindings,
): Promise<ReadFindings> {
  const { pregnancyId } = input;
  const pregnancy = pregnancyId
    ? await findDating(tx, ctx.scope, visit.patientId, pregnancyId)
    : undefined;
  const known = await knownDiseaseCodes(tx, diseaseCodesOf(input));
  const on = civilDateIn(visit.occurredAt, ctx.timeZone);
  const values = input.vitals ?? {};
  const vitals = checkVitals(values, {
    visitType: visit.visitType,
    ageDays: input.ageDays ?? undefined,
    gestationalAgeDays: pregnancy && gestationOn(pregnancy, on),
  });
  const [first, ...rest] = [
    ...vitals.impossible,
    ...(pregnancyId && !pregnancy ? [problem('REFERENCE_NOT_FOUND', 'pregnancyId')] : []),
    ...unknownDangerSigns(input),
    ...wrongDiagnoses(input, known, ctx.today),
  ];
  if (first !== undefined) return { refused: [first, ...rest] };
  return {
    columns: columnsOf(input, values, vitals.dangerSigns),
    diagnoses: diagnosisRows(ctx, visit, input),
    warnings: vitals.warnings,
  };
}

function diseaseCodesOf({ diagnoses }: CheckupFindings): string[] {
  return (diagnoses ?? []).flatMap(({ diseaseCode }) => diseaseCode ?? []);
}

/** Undefined once the pregnancy has ended: its limits no longer hold. */
function gestationOn(
  { edd, outcome }: { edd: Date; outcome: string },
  on: CivilDate,
): number | undefined {
  const days = PREGNANCY_DAYS - daysBetween(on, civilDay(edd));
  return outcome === 'ONGOING' && days >= 0 ? days : undefined;
}

function unknownDangerSigns({ dangerSigns }: CheckupFindings): Problem[] {
  return (dangerSigns ?? []).flatMap((code, position) =>
    findDangerSign(code) === undefined
      ? [problem('REFERENCE_NOT_FOUND', `dangerSigns.${position}`)]
      : [],
  );
}

function wrongDiagnoses(
  { diagnoses }: CheckupFindings,
  known: ReadonlySet<string>,
  today: CivilDate,
): Problem[] {
  return (diagnoses ?? []).flatMap(({ diseaseCode, onsetOn }, position) => {
    const place = `diagnoses.${position}`;
    return [
      ...(diseaseCode != null && !known.has(diseaseCode)
        ? [problem('REFERENCE_NOT_FOUND', `${place}.diseaseCode`)]
        : []),
      ...(onsetOn != null && onsetOn > today
        ? [problem('DATE_IN_FUTURE', `${place}.onsetOn`)]
        : []),
    ];
  });
}

function columnsOf(input: CheckupFindings, values: VitalsValues, derived: readonly string[]) {
  return {
    ...vitalColumns(values),
    ageDays: input.ageDays ?? null,
    statedDangerSigns: [...new Set(input.dangerSigns ?? [])],
    derivedDangerSigns: [...derived],
    notes: input.notes ?? null,
    pregnancyId: input.pregnancyId ?? null,
  };
}

function vitalColumns(values: VitalsValues) {
  const entries = Object.entries(values).map(([name, value]) => [name, value ?? null] as const);
  return Object.fromEntries<number | boolean | null>(entries);
}

function diagnosisRows(
  { ids }: ClinicalContext,
  { checkupId, patientId }: Visit,
  { diagnoses }: CheckupFindings,
): NewDiagnosis[] {
  return (diagnoses ?? []).map(({ diseaseCode, coding, certainty, onsetOn }) => ({
    id: ids.next(),
    checkupId,
    patientId,
    diseaseCode: diseaseCode ?? null,
    codingSystem: coding?.system ?? null,
    codingCode: coding?.code ?? null,
    codingDisplay: coding?.display ?? null,
    certainty,
    onsetOn: onsetOn == null ? null : storedDay(onsetOn),
  }));
}
