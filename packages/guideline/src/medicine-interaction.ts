import { findMedicine, medicines } from './medicine.ts';
import type { CrossAllergy, InteractionRule, Medicine } from './medicine.ts';

const keysOf = (medicine: Medicine): ReadonlySet<string> =>
  new Set([medicine.atc, ...(medicine.interactionGroups ?? [])]);

const severities = ['CONTRAINDICATED', 'MAJOR', 'MODERATE'];

/**
 * The interaction rules that two medicines meet, worst first.
 *
 * @param first one medicine
 * @param second another; the same medicine twice is a duplicate, not an interaction
 * @example interactionsBetween(warfarin, ibuprofen)[0]?.severity // 'MAJOR'
 */
export const interactionsBetween = (
  first: Medicine,
  second: Medicine,
): readonly InteractionRule[] => {
  if (first.atc === second.atc) return [];
  const [left, right] = [keysOf(first), keysOf(second)];
  return medicines.interactions
    .filter(
      ({ between: [one = '', other = ''] }) =>
        (left.has(one) && right.has(other)) || (left.has(other) && right.has(one)),
    )
    .sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
};

/** How an allergy on record meets a medicine. */
export interface AllergyMatch {
  readonly kind: 'SAME' | 'CROSS';
  readonly allergy: string;
  readonly rule?: string;
}

/** The allergy groups behind what a record says: a group code, or the ATC code of a medicine. */
const groupsOf = (allergy: string): readonly string[] =>
  findMedicine(allergy)?.allergyGroups ?? [allergy];

/**
 * How the allergies of a patient meet a medicine.
 *
 * @param medicine the medicine asked for
 * @param allergies ATC codes or allergy groups of `medicines.json`
 * @example allergyMatches(amoxicillin, ['penicillins'])[0]?.kind // 'SAME'
 */
export const allergyMatches = (
  medicine: Medicine,
  allergies: readonly string[],
): readonly AllergyMatch[] => {
  const own = medicine.allergyGroups ?? [];
  return allergies.flatMap((allergy): AllergyMatch[] => {
    const groups = groupsOf(allergy);
    if (allergy === medicine.atc || groups.some((group) => own.includes(group))) {
      return [{ kind: 'SAME', allergy }];
    }
    const cross: CrossAllergy | undefined = medicines.crossAllergies.find(
      (rule) => groups.includes(rule.allergy) && own.includes(rule.medicines),
    );
    return cross === undefined ? [] : [{ kind: 'CROSS', allergy, rule: cross.code }];
  });
};
