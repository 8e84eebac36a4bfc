import medicinesFile from '../data/medicines.json' with { type: 'json' };
import type { ContentFile, Titled } from './clinical-content.ts';

/** An amount in a UCUM unit; `per` makes it a concentration. */
export interface Amount {
  readonly value: number;
  readonly unit: string;
}

export interface Strength extends Amount {
  readonly per?: Amount;
}

/** A form and strength that a pharmacy stocks. */
export interface Presentation {
  /** Stable code: ATC code, form, strength. */
  readonly code: string;
  readonly form: string;
  /** The strength as a label prints it. */
  readonly strength: string;
  /** Of the component named in `doseIsOf` when there are several. */
  readonly amount: Strength;
  readonly routes: readonly string[];
}

/** A dose by weight. `basis` says whether the range is of a day or of one dose. */
export interface WeightDose {
  readonly basis: 'DAY' | 'DOSE';
  readonly unit: string;
  readonly minPerKg: number;
  readonly maxPerKg: number;
  readonly dosesPerDay: readonly number[];
  readonly maxPerDay?: number;
  readonly minAgeDays?: number;
}

/** A fixed dose for a band of weights (upper end excluded) or ages (both ends included). */
export interface DoseBand {
  readonly minKg?: number;
  readonly belowKg?: number;
  readonly minAgeDays?: number;
  readonly maxAgeDays?: number;
  readonly dose: Amount;
  readonly timesPerDay: number;
  readonly days?: number;
}

export type PregnancyCaution =
  'NONE' | 'CAUTION' | 'AVOID' | 'AVOID_FIRST_TRIMESTER' | 'AVOID_THIRD_TRIMESTER';

export interface Medicine extends Titled {
  readonly atc: string;
  readonly presentations: readonly Presentation[];
  readonly allergyGroups?: readonly string[];
  readonly interactionGroups?: readonly string[];
  readonly pregnancy: PregnancyCaution;
  readonly adult?: { readonly maxPerDay?: Amount; readonly maxPerDose?: Amount };
  readonly paediatric?: WeightDose;
  readonly bands?: readonly DoseBand[];
  readonly minAgeDays?: number;
  readonly maxDurationDays?: number;
  /** What doses are counted in, where a product holds several components or a salt. */
  readonly doseIsOf?: string;
}

/** Two ATC codes or interaction groups that should not meet. */
export interface InteractionRule extends Titled {
  readonly rule: string;
  readonly between: readonly string[];
  readonly severity: 'CONTRAINDICATED' | 'MAJOR' | 'MODERATE';
}

/** An allergy to one group that asks for care with another. */
export interface CrossAllergy {
  readonly code: string;
  readonly allergy: string;
  readonly medicines: string;
}

// Checked entry by entry in content.test.ts; the literal types of the file need this cast.
export const medicines = medicinesFile as unknown as ContentFile<Medicine> & {
  readonly allergyGroups: readonly (Titled & { readonly code: string })[];
  readonly crossAllergies: readonly CrossAllergy[];
  readonly interactions: readonly InteractionRule[];
};

const byAtc = new Map(medicines.entries.map((medicine) => [medicine.atc, medicine]));

/**
 * A medicine by its ATC code.
 *
 * @param atc code of the WHO Collaborating Centre, such as J01CA04
 * @example findMedicine('J01CA04')?.title // 'Amoxicillin'
 */
export const findMedicine = (atc: string): Medicine | undefined => byAtc.get(atc);

/**
 * A form and strength by its code, with the medicine it is of.
 *
 * @example findPresentation('J01CA04-CAP-250MG')?.presentation.strength // '250 mg'
 */
export const findPresentation = (
  code: string,
): { readonly medicine: Medicine; readonly presentation: Presentation } | undefined => {
  const medicine = byAtc.get(code.split('-')[0] ?? '');
  const presentation = medicine?.presentations.find((one) => one.code === code);
  return medicine === undefined || presentation === undefined
    ? undefined
    : { medicine, presentation };
};

/** All routes a medicine has a presentation for. */
export const routesOf = (medicine: Medicine): readonly string[] => [
  ...new Set(medicine.presentations.flatMap(({ routes }) => routes)),
];
