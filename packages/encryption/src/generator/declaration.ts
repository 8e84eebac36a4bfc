import type { NormalizerName, PlainType } from '../field-map.ts';

export interface EncryptedDeclaration {
  readonly type: PlainType;
}

export interface BlindIndexDeclaration {
  readonly of: string;
  readonly normalize: NormalizerName;
  readonly bits: number;
  readonly with: string | null;
  readonly within: string | null;
}

const plainTypes: readonly PlainType[] = ['string', 'json', 'date', 'strings'];
const normalizers: readonly NormalizerName[] = ['phone', 'name', 'identifier', 'exact'];

/** The arguments of `@word(key: "value", …)`, `{}` for the bare word, undefined without it. */
function annotation(
  documentation: string | undefined,
  word: string,
  allowed: readonly string[],
): Map<string, string> | undefined {
  const found = new RegExp(`@${word}\\b(?:\\(([^)]*)\\))?`).exec(documentation ?? '');
  if (found === null) return undefined;
  const values = new Map<string, string>();
  const source = found[1] ?? '';
  for (const [, key = '', value = ''] of source.matchAll(/(\w+)\s*:\s*"([^"]*)"/g)) {
    if (!allowed.includes(key)) throw new Error(`@${word} has no "${key}"`);
    values.set(key, value);
  }
  if (source.replaceAll(/(\w+)\s*:\s*"([^"]*)"/g, '').replaceAll(/[\s,]/g, '') !== '') {
    throw new Error(`@${word}(${source}) is not a list of key: "value"`);
  }
  return values;
}

function oneOf<T extends string>(word: string, value: string | undefined, all: readonly T[]): T {
  const found = all.find((candidate) => candidate === value);
  if (found === undefined) throw new Error(`${word} is one of ${all.join(', ')}`);
  return found;
}

/** `@encrypted` or `@encrypted(type: "json")`. */
export function readEncrypted(documentation?: string): EncryptedDeclaration | undefined {
  const values = annotation(documentation, 'encrypted', ['type']);
  return values && { type: oneOf('type', values.get('type') ?? 'string', plainTypes) };
}

const blindIndexKeys = ['of', 'normalize', 'bits', 'with', 'within'];

/** Fewer bits find half the table, more than a hash has lasting worth in tell nothing more. */
const fewestBits = 8;
const mostBits = 128;

/**
 * No default: how long a token is decides how many strangers a search finds, and how much a thief
 * learns. Somebody has to have planned it for this column.
 */
function readBits(written: string | undefined): number {
  if (written === undefined) throw new Error('@blindIndex plans its length: bits: "24"');
  const bits = /^\d+$/.test(written) ? Number(written) : NaN;
  if (!(bits >= fewestBits && bits <= mostBits && bits % 4 === 0)) {
    throw new Error(`bits is a multiple of 4 from ${fewestBits} to ${mostBits}`);
  }
  return bits;
}

/** `@blindIndex(of: "name", normalize: "name", bits: "24", with: "type", within: "districtId")`. */
export function readBlindIndex(documentation?: string): BlindIndexDeclaration | undefined {
  const values = annotation(documentation, 'blindIndex', blindIndexKeys);
  if (values === undefined) return undefined;
  const of = values.get('of');
  if (of === undefined) throw new Error('@blindIndex names its source: of: "field"');
  return {
    of,
    normalize: oneOf('normalize', values.get('normalize'), normalizers),
    bits: readBits(values.get('bits')),
    with: values.get('with') ?? null,
    within: values.get('within') ?? null,
  };
}

/** `@sealOwner(patientId)` on the model. */
export function readSealOwner(documentation?: string): string | undefined {
  return /@sealOwner\(\s*(\w+)\s*\)/.exec(documentation ?? '')?.[1];
}
