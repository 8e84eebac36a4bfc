import type { PlainType } from './field-map.ts';
import { SealError, type SealErrorPlace } from './seal-error.ts';

const encoder = new TextEncoder();
// A byte order mark is part of what was written, and broken UTF-8 is damage, not a question mark.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(type: PlainType, value: unknown): string | undefined {
  switch (type) {
    case 'string':
      // A lone surrogate would come back as another character: refuse it rather than change it.
      return typeof value === 'string' && value.isWellFormed() ? value : undefined;
    case 'date':
      return value instanceof Date && !Number.isNaN(value.getTime())
        ? value.toISOString()
        : undefined;
    case 'strings': {
      const isText = (entry: unknown) => typeof entry === 'string' && entry.isWellFormed();
      return Array.isArray(value) && value.every(isText) ? JSON.stringify(value) : undefined;
    }
    case 'json':
      return JSON.stringify(value);
  }
}

/** The bytes of a plain value. Throws SEAL_VALUE_INVALID when the value is not of the type. */
export function encodePlain(type: PlainType, value: unknown, place: SealErrorPlace): Uint8Array {
  const text = textOf(type, value);
  if (text === undefined) {
    throw new SealError('SEAL_VALUE_INVALID', place, `the value is not a well-formed ${type}`);
  }
  return encoder.encode(text);
}

/** The plain value of opened bytes. Throws SEAL_VALUE_INVALID when they are not of the type. */
export function decodePlain(type: PlainType, bytes: Uint8Array, place: SealErrorPlace): unknown {
  try {
    const text = decoder.decode(bytes);
    if (type === 'string') return text;
    if (type !== 'date') return JSON.parse(text) as unknown;
    const instant = new Date(text);
    if (!Number.isNaN(instant.getTime())) return instant;
  } catch {
    // The parser's own message would quote the value: say where it happened instead.
  }
  throw new SealError('SEAL_VALUE_INVALID', place, `the opened bytes are not a ${type}`);
}
