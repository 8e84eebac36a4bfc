import { createHash } from 'node:crypto';
import { z } from 'zod';
import { isUuidV7 } from '@caregraph/clock';
import { Fault } from '@caregraph/fault';

/** The sort key of the last row of a page; never holds a patient's data. */
export type PageKey = readonly string[];

/** What each member of a list's sort key is, in order. */
export type KeyShape = readonly ('uuid' | 'text')[];

const cursorText = z.tuple([z.string()], z.string());

/** Names a list together with its filter, so that a cursor fits only where it came from. */
export function fingerprintOf(list: string, filter: unknown): string {
  const text = JSON.stringify([list, filter ?? null]);
  return createHash('sha256').update(text).digest('base64url').slice(0, 12);
}

export function encodeCursor(fingerprint: string, key: PageKey): string {
  return Buffer.from(JSON.stringify([fingerprint, ...key])).toString('base64url');
}

/** @throws Fault CURSOR_INVALID for a cursor that is damaged or belongs to another list */
export function decodeCursor(fingerprint: string, cursor: string): PageKey {
  const [origin, ...key] = parse(cursor);
  if (origin !== fingerprint) throw new Fault('CURSOR_INVALID');
  return key;
}

/**
 * Threat: the fingerprint is no secret, so anyone can make a cursor with a key that the database
 * cannot read, which would be a fault instead of a refusal.
 *
 * @throws Fault CURSOR_INVALID for a key that no row of the list can have
 */
export function checkKey(key: PageKey, shape: KeyShape): PageKey {
  const fits =
    key.length === shape.length &&
    key.every((member, index) => (shape[index] === 'uuid' ? isUuidV7(member) : isStorable(member)));
  if (!fits) throw new Fault('CURSOR_INVALID');
  return key;
}

/** PostgreSQL has no text with a NUL or with half a character. */
function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

function parse(cursor: string): readonly string[] {
  try {
    return cursorText.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
  } catch (error) {
    throw new Fault('CURSOR_INVALID', {}, error);
  }
}
