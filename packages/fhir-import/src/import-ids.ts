import { createHash, createHmac } from 'node:crypto';

const keyBytes = 32;
const lastMillisecond = 2 ** 48 - 1;

/**
 * A UUIDv7 (RFC 9562 §5.7) that the same input always gives: time from the record, the rest from
 * what it is.
 *
 * People get no time (0): the date of birth must not be readable from an id that stands in logs
 * and URLs, and a corrected one must not make them another person.
 *
 * @param kind what is named, e.g. `Checkup`, so that two things of one resource get two ids
 * @param identity what makes it the same thing again
 * @param atMs milliseconds since 1970; what lies before is 0
 */
type IdOf = (kind: string, identity: string, atMs?: number) => string;

/** Ids of records, as an import finds them again. */
export interface RecordIds {
  readonly of: IdOf;
}

/** The ids of one import. */
export interface ImportIds extends RecordIds {
  /** Ids that no later import looks for: of what lies within a record, and of operations. */
  readonly within: IdOf;
}

/**
 * `KEYED`, or `EARLIER` for a source that was imported before there was a key: its records are
 * found again only by the ids that they have.
 */
export type ImportNaming = 'KEYED' | 'EARLIER';

/**
 * The ids of an import: HMAC-SHA-256 over what is named, under a key of the deployment.
 *
 * Threat: ids are made of numbers, names and whole records, and stand unsealed in rows, logs,
 * tombstones and certificates. Whoever steals a disk hashes each number of six digits, or the
 * name of somebody they know, and looks for it, also after an erasure. Defence: without the key,
 * which no store holds, an id says nothing of what it was made of.
 *
 * @param key 32 bytes: `importIds` of the key file, or IMPORT_KEY_FILE. Under another one, the
 *   same people are other people
 * @throws Error when the key is of another length
 * @example createImportIds(key).of('Patient', 'urn:uuid:3190019b-…')
 */
export function createImportIds(key: Uint8Array, naming: ImportNaming = 'KEYED'): ImportIds {
  if (key.length !== keyBytes) throw new Error(`an import key is ${keyBytes} bytes long`);
  const within: IdOf = (kind, identity, atMs) =>
    uuidOf(createHmac('sha256', key).update(`${kind}\n${identity}`).digest(), atMs);
  return { of: naming === 'KEYED' ? within : unkeyedIds.of, within };
}

/**
 * Ids that anybody can make: of what is nobody's, such as the importer itself; and as every id of
 * an import was made before there was a key.
 */
export const unkeyedIds: RecordIds = {
  of: (kind, identity, atMs) =>
    uuidOf(createHash('sha256').update(`${kind}\n${identity}`).digest(), atMs),
};

/**
 * The institution of whoever has none in the source: practitioners of no organization, and an
 * importer of its own. Every import registers it.
 *
 * @param source the namespace of the source's ids, as the import is given it
 */
export function importInstitutionId(ids: RecordIds, source: string): string {
  return ids.of('Institution', `${source}\nnot stated`);
}

function uuidOf(digest: Buffer, atMs = 0): string {
  const bytes = digest.subarray(0, 16);
  bytes.writeUIntBE(Math.min(Math.max(Math.trunc(atMs), 0), lastMillisecond), 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}
