/** A spelling of a canary as it may stand in a file, a log or a column. */
export interface Needle {
  readonly form: string;
  /** At least seven, so that chance writes none. */
  readonly bytes: Buffer;
  /** A number among hexadecimal digits was drawn by chance: its neighbours are looked at. */
  readonly isNumber?: boolean;
}

/** Tells where any needle is, with what stands around it. */
export type Finder = (bytes: Buffer, place: string) => string[];

const shortest = 7;

/**
 * Looks for very many needles at once: a table of their first three bytes says for most places that
 * none begins there.
 *
 * @throws RangeError when a needle is so short that chance may write it
 */
export function createFinder(needles: readonly Needle[]): Finder {
  const begins = new Uint8Array(2 ** 24);
  const byStart = new Map<number, Needle[]>();
  for (const needle of needles) {
    if (needle.bytes.length < shortest) throw new RangeError(`too short: ${needle.form}`);
    begins[needle.bytes.readUIntBE(0, 3)] = 1;
    const start = needle.bytes.readUInt32BE(0);
    byStart.set(start, [...(byStart.get(start) ?? []), needle]);
  }
  return (bytes, place) => {
    const hits = new Map<string, string>();
    let start = bytes.length < shortest ? 0 : bytes.readUInt16BE(0);
    for (let at = 0; at + shortest <= bytes.length; at += 1) {
      start = ((start << 8) | (bytes[at + 2] ?? 0)) & 0xff_ffff;
      if (begins[start] === 0) continue;
      for (const needle of byStart.get(bytes.readUInt32BE(at)) ?? []) {
        if (!hits.has(needle.form) && isAt(bytes, at, needle)) {
          hits.set(needle.form, `${place}: ${needle.form}: …${around(bytes, at, needle)}…`);
        }
      }
    }
    return [...hits.values()];
  };
}

function isAt(bytes: Buffer, at: number, { bytes: needle, isNumber = false }: Needle): boolean {
  const end = at + needle.length;
  if (end > bytes.length || needle.compare(bytes, at, end) !== 0) return false;
  return !isNumber || !isAmongHex(bytes, at, end);
}

const hexLetters = new Set(Buffer.from('abcdefABCDEF'));
const digits = new Set(Buffer.from('0123456789'));

/** Whether a letter of hexadecimal stands in the run of such digits that goes on around a place. */
function isAmongHex(bytes: Buffer, at: number, end: number): boolean {
  for (let back = at - 1; back >= 0; back -= 1) {
    if (hexLetters.has(bytes[back] ?? 0)) return true;
    if (!digits.has(bytes[back] ?? 0)) break;
  }
  for (let on = end; on < bytes.length; on += 1) {
    if (hexLetters.has(bytes[on] ?? 0)) return true;
    if (!digits.has(bytes[on] ?? 0)) return false;
  }
  return false;
}

function around(bytes: Buffer, at: number, { bytes: needle }: Needle): string {
  return bytes.subarray(Math.max(0, at - 60), at + needle.length + 40).toString('latin1');
}
