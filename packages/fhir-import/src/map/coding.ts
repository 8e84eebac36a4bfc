import type { Coding, Concept } from '../fhir/element.ts';
import type { CodingInput } from './input.ts';

/** The codes of a concept in one code system. */
export function codesIn({ coding = [] }: Concept, system: string): string[] {
  return coding.flatMap((one) => (one.system === system && one.code !== undefined ? one.code : []));
}

/** The first code of a concept, whatever its system. */
export function firstCode(concept: Concept | undefined): string | undefined {
  return concept?.coding?.find(({ code }) => code !== undefined)?.code;
}

/**
 * The code to keep of a concept: the first that has a system, with a title to read. A text alone is
 * kept as the title of a code that says only so.
 *
 * Threat: somebody's own words about a patient stand where codes do, which are not sealed. Defence:
 * titles are.
 */
export function originalCoding(concept: Concept | undefined): CodingInput | undefined {
  if (concept === undefined) return undefined;
  const coded = concept.coding?.find(isCoded);
  if (coded === undefined) {
    const text = concept.text?.trim() ?? '';
    if (text === '') return undefined;
    return { system: 'urn:caregraph:text', code: 'text', display: text.slice(0, 300) };
  }
  const display = (coded.display ?? concept.text)?.trim().slice(0, 300);
  return { system: coded.system, code: coded.code, ...(display ? { display } : {}) };
}

function isCoded(coding: Coding): coding is Coding & { system: string; code: string } {
  const { system = '', code = '' } = coding;
  return system.length > 0 && system.length <= 200 && code.trim() !== '' && code.length <= 64;
}

/** What a person reads for a concept. */
export function readable(concept: Concept | undefined): string | undefined {
  const text = concept?.text ?? concept?.coding?.find(({ display }) => display)?.display;
  return text?.trim() === '' ? undefined : text?.trim();
}
