import { randomInt } from 'node:crypto';
import { createFinder, type Finder } from './test-canary-finder.ts';
import { digestsOf, soundsOf, spellingsOf } from './test-canary-forms.ts';

/** Texts that stand for a patient's data and are found wherever they turn up. */
export interface Canaries {
  /** In every text but phone numbers; its letters are in no hexadecimal. */
  readonly marker: string;
  /** In every name, in Devanagari. */
  readonly nativeMarker: string;
  /** Each number as it was typed and as it is dialled. */
  readonly numbers: readonly string[];
  /** A text of its own for one input field. */
  make(coordinate: string): string;
  /** The texts that were made for an input field. */
  madeFor(coordinate: string): readonly string[];
  /** Looks for all that were made so far, in any spelling and as hashes without a key. */
  readonly find: Finder;
}

const consonants = 'ghjkmnpqrstvwxyz';
/** Letters that are heard in any transliteration. */
const nativeConsonants = 'कगजतदनपबमरलवस';

function draw(letters: string, count: number): string {
  return Array.from({ length: count }, () => letters.charAt(randomInt(letters.length))).join('');
}

/** Random letters, so that a text that is found was put there by this run. */
export function createCanaries(): Canaries {
  const marker = `Qzx${draw(consonants, 8)}`;
  const nativeMarker = draw(nativeConsonants, 10);
  // No Indian subscriber number begins with 5, so it rings nowhere.
  const start = `55${randomInt(10_000, 99_999)}`;
  const typedStart = `+91 ${start.slice(0, 5)} ${start.slice(5)}`;
  const numbers: string[] = [];
  const made = new Map<string, string[]>();
  let count = 0;

  function textOf(field: string): string {
    count += 1;
    const own = [...count.toString(16).padStart(3, '0')]
      .map((digit) => consonants.charAt(Number.parseInt(digit, 16)))
      .join('');
    const word = `${marker}${own}`;
    if (/phone|contact/i.test(field)) {
      const last = String(count).padStart(3, '0');
      numbers.push(`${typedStart}${last}`, `${start}${last}`);
      return `${typedStart}${last}`;
    }
    if (field === 'value') return word.toUpperCase();
    if (field === 'name') return `${word} ${marker}${draw(consonants, 3)} ${nativeMarker}`;
    return `${word} “é” "क" ${word}`;
  }

  let finder: { readonly madeBy: number; readonly find: Finder } | undefined;
  const texts = () => [...made.values()].flat();
  return {
    ...{ marker, nativeMarker, numbers },
    make(coordinate) {
      const text = textOf(coordinate.split('.').at(-1) ?? '');
      made.set(coordinate, [...(made.get(coordinate) ?? []), text]);
      return text;
    },
    madeFor: (coordinate) => made.get(coordinate) ?? [],
    find(bytes, place) {
      if (finder?.madeBy !== count) {
        const stems = [marker, marker.toLowerCase(), marker.toUpperCase(), nativeMarker];
        const names = [...made].filter(([coordinate]) => coordinate.endsWith('.name'));
        const sounds = names.flatMap(([, own]) => own.flatMap(soundsOf));
        const words = new Set([...stems, ...soundsOf(nativeMarker), ...sounds, ...numbers]);
        const digests = new Map(
          texts()
            .flatMap(digestsOf)
            .map((one) => [one.form, one]),
        );
        const needles = [...[...words].flatMap(spellingsOf), ...digests.values()];
        finder = { madeBy: count, find: createFinder(needles) };
      }
      return finder.find(bytes, place);
    },
  };
}
