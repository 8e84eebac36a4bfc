import type { HumanName } from '../fhir/element.ts';

const preference = ['official', 'usual', undefined, 'temp', 'nickname', 'anonymous'];

/**
 * The name that a person is known by: the official one before the usual one; former names and
 * titles are left out.
 *
 * @returns undefined when there is none
 * @example readableName([{ family: 'Devi', given: ['Sita'] }]) // 'Sita Devi'
 */
export function readableName(names: readonly HumanName[] | undefined): string | undefined {
  for (const use of preference) {
    for (const name of names ?? []) {
      if (name.use !== use) continue;
      const parts = [...(name.given ?? []), name.family ?? ''].join(' ').trim();
      const text = (parts === '' ? (name.text ?? '') : parts).replace(/\s+/g, ' ').trim();
      if (text !== '') return text.slice(0, 200);
    }
  }
  return undefined;
}
