import { randomInt } from 'node:crypto';

/** Texts that stand for a patient's data and are found wherever they turn up. */
export interface Canaries {
  /** In every text but phone numbers; its letters are in no hexadecimal. */
  readonly marker: string;
  /** Each number as it was typed and as it is dialled. */
  readonly numbers: readonly string[];
  /** With what all of them begin. */
  readonly numberStarts: readonly string[];
  /** A text of its own for one input field. */
  make(coordinate: string): string;
  /** The texts that were made for an input field. */
  madeFor(coordinate: string): readonly string[];
}

const consonants = 'ghjkmnpqrstvwxyz';

/** Random letters, so that a text that is found was put there by this run. */
export function createCanaries(): Canaries {
  const draw = (count: number) =>
    Array.from({ length: count }, () => consonants.charAt(randomInt(consonants.length))).join('');
  const marker = `Qzx${draw(8)}`;
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
    if (field === 'name') return `${word} ${marker}${draw(3)}`;
    return `${word} “é” "क" ${word}`;
  }

  return {
    marker,
    numbers,
    numberStarts: [typedStart, start],
    make(coordinate) {
      const text = textOf(coordinate.split('.').at(-1) ?? '');
      made.set(coordinate, [...(made.get(coordinate) ?? []), text]);
      return text;
    },
    madeFor: (coordinate) => made.get(coordinate) ?? [],
  };
}

/** A spelling of a canary as it may stand in a file, a log or a column. */
interface Needle {
  readonly form: string;
  readonly bytes: Buffer;
}

/**
 * Looks for canaries in any spelling. Numbers are looked for by their beginning first, which chance
 * may write as well, and then each as a whole.
 *
 * @returns where any is in these bytes, with what stands around it
 */
export function findCanaries(
  { marker, numbers, numberStarts }: Canaries,
  bytes: Buffer,
  place: string,
): string[] {
  const words = [marker, marker.toLowerCase(), marker.toUpperCase()].flatMap(spellingsOf);
  const hits = hitsIn(words, bytes, place);
  const maybe = numberStarts.flatMap(spellingsOf).some((one) => bytes.includes(one.bytes));
  return maybe ? [...hits, ...hitsIn(numbers.flatMap(spellingsOf), bytes, place)] : hits;
}

function spellingsOf(text: string): Needle[] {
  const utf8 = Buffer.from(text);
  const wide = Buffer.from(text, 'utf16le');
  const escaped = [...text].map((letter) => letter.charCodeAt(0).toString(16));
  const named: [string, string | Buffer][] = [
    ['UTF-8', utf8],
    ['UTF-16 LE', wide],
    ['UTF-16 BE', Buffer.from(wide).swap16()],
    ['hex', utf8.toString('hex')],
    ['HEX', utf8.toString('hex').toUpperCase()],
    ['JSON escapes', escaped.map((code) => `\\u${code.padStart(4, '0')}`).join('')],
    ['percent', escaped.map((code) => `%${code.toUpperCase()}`).join('')],
    ...([0, 1, 2] as const).map((shift): [string, string] => ['base64', base64At(utf8, shift)]),
  ];
  if (text !== encodeURIComponent(text)) named.push(['URL', encodeURIComponent(text)]);
  return named.map(([form, spelt]) => ({ form: `${form} of ${text}`, bytes: Buffer.from(spelt) }));
}

/** What base64 makes of a text that begins so many bytes after a multiple of three. */
function base64At(text: Buffer, shift: 0 | 1 | 2): string {
  const whole = Buffer.concat([Buffer.alloc(shift), text]);
  const first = Math.ceil((shift * 8) / 6);
  const end = Math.floor((whole.length * 8) / 6);
  return whole.toString('base64').slice(first, end);
}

function hitsIn(needles: readonly Needle[], bytes: Buffer, place: string): string[] {
  return needles.flatMap(({ form, bytes: needle }) => {
    const at = bytes.indexOf(needle);
    if (at < 0) return [];
    const around = bytes.subarray(Math.max(0, at - 60), at + needle.length + 40);
    return [`${place}: ${form}: …${around.toString('latin1')}…`];
  });
}
