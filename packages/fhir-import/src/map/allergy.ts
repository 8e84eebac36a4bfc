import { medicines } from '@caregraph/guideline';
import type { Concept } from '../fhir/element.ts';
import type { FhirAllergyIntolerance } from '../fhir/facts.ts';
import { codesIn, originalCoding, readable } from './coding.ts';
import type { MappedWrite } from './input.ts';

const snomed = 'http://snomed.info/sct';
const rxNorm = 'http://www.nlm.nih.gov/research/umls/rxnorm';
const atc = 'http://www.whocc.no/atc';
const anaphylaxis = '39579001';

/**
 * Groups that the safety rules know, by the codes that name them or a member. An allergy without
 * a group is kept and shown, but no rule can warn of it. Sources: SNOMED CT, RxNorm.
 */
const groupOfCode: Readonly<Record<string, string>> = {
  [`${snomed}|91936005`]: 'penicillins', // allergy to penicillin
  [`${snomed}|294505008`]: 'penicillins', // allergy to amoxicillin
  [`${snomed}|764146007`]: 'penicillins', // penicillin, the substance
  [`${rxNorm}|7980`]: 'penicillins', // penicillin G
  [`${rxNorm}|7984`]: 'penicillins', // penicillin V
  [`${rxNorm}|723`]: 'penicillins', // amoxicillin
  [`${rxNorm}|733`]: 'penicillins', // ampicillin
  [`${snomed}|91939003`]: 'sulfonamides', // allergy to sulfonamide
  [`${rxNorm}|10180`]: 'sulfonamides', // sulfamethoxazole
};
const knownGroups = new Set(medicines.allergyGroups.map(({ code }) => code));

const severities = ['mild', 'moderate', 'severe'] as const;

/**
 * An allergy that is believed in.
 *
 * @returns undefined when the substance has no code and no name
 */
export function mapAllergy(
  allergy: FhirAllergyIntolerance,
  { id, patientId }: { readonly id: string; readonly patientId: string },
  recordedAt: string,
): MappedWrite | undefined {
  const named = substanceOf(allergy);
  const coding = originalCoding(named);
  if (named === undefined || coding === undefined) return undefined;
  const atcCode = codesIn(named, atc).find((code) =>
    /^[A-Z]\d{2}([A-Z]([A-Z](\d{2})?)?)?$/.test(code),
  );
  const group = groupOf(named);
  const reaction = reactionOf(allergy);
  const substance = {
    originalCoding: coding,
    ...(atcCode === undefined ? {} : { atcCode }),
    ...(group === undefined ? {} : { group }),
  };
  const input = {
    id,
    patientId,
    substance,
    severity: severityOf(allergy),
    ...(reaction === undefined ? {} : { reaction }),
  };
  return { subgraph: 'prescription', member: 'recordAllergy', input, recordedAt };
}

function substanceOf({ code, reaction }: FhirAllergyIntolerance): Concept | undefined {
  return originalCoding(code) === undefined ? reaction?.[0]?.substance : code;
}

function groupOf({ coding = [] }: Concept): string | undefined {
  const groups = coding.map(({ system, code }) => groupOfCode[`${system}|${code}`]);
  return groups.find((group) => group !== undefined && knownGroups.has(group));
}

/** The worst that is on record counts; a high criticality means the next reaction may kill. */
function severityOf({ reaction = [], criticality }: FhirAllergyIntolerance): string {
  const hadAnaphylaxis = reaction.some(({ manifestation = [] }) =>
    manifestation.some((one) => codesIn(one, snomed).includes(anaphylaxis)),
  );
  if (hadAnaphylaxis) return 'LIFE_THREATENING';
  const worst = severities.findLast((one) => reaction.some(({ severity }) => severity === one));
  if (criticality === 'high') return 'SEVERE';
  return worst?.toUpperCase() ?? 'UNKNOWN';
}

function reactionOf({ reaction = [] }: FhirAllergyIntolerance): string | undefined {
  const texts = reaction.flatMap(({ manifestation = [] }) =>
    manifestation.flatMap((one) => readable(one) ?? []),
  );
  const text = [...new Set(texts)].join('; ').slice(0, 1_000);
  return text === '' ? undefined : text;
}
