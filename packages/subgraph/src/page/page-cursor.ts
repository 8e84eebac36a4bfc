import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Fault } from '@caregraph/fault';

/** The sort key of the last row of a page; never holds a patient's data. */
export type PageKey = readonly string[];

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

function parse(cursor: string): readonly string[] {
  try {
    return cursorText.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
  } catch (error) {
    throw new Fault('CURSOR_INVALID', {}, error);
  }
}
