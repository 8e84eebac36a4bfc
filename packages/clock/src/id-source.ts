import { randomFillSync } from 'node:crypto';
import type { Clock } from './clock.ts';

/** Makes UUIDv7 ids (RFC 9562 §5.7): sortable by the time they were made. */
export interface IdSource {
  next(): string;
}

/**
 * The nil UUID (RFC 9562 §5.9): the id of no record, before every other in order. Written where a
 * column wants an id and there is nobody, no device or no institution to name.
 */
export const nilUuid = '00000000-0000-0000-0000-000000000000';

const uuidV7Pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Tells whether a text is a UUIDv7 in canonical lower case. */
export function isUuidV7(text: string): boolean {
  return uuidV7Pattern.test(text);
}

/**
 * Creates a source of UUIDv7 ids, strictly increasing within the process.
 *
 * @param clock gives the millisecond timestamp of each id
 * @param fillRandom fills a buffer with random bytes; a seeded one makes the ids repeatable
 * @example const ids = createIdSource(systemClock); ids.next();
 */
export function createIdSource(
  clock: Clock,
  fillRandom: (bytes: Uint8Array) => void = randomFillSync,
): IdSource {
  const bytes = Buffer.alloc(16);
  let lastMs = 0;
  let sequence = 0;
  return {
    next() {
      fillRandom(bytes);
      const nowMs = clock.now().getTime();
      if (nowMs > lastMs) {
        lastMs = nowMs;
        sequence = bytes.readUInt16BE(6) & 0x7ff;
      } else if (++sequence > 0xfff) {
        // The 12-bit counter is spent: borrow the next millisecond to stay increasing.
        lastMs += 1;
        sequence = 0;
      }
      bytes.writeUIntBE(lastMs, 0, 6);
      bytes.writeUInt16BE(0x7000 | sequence, 6);
      bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
      const hex = bytes.toString('hex');
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
    },
  };
}
