import { createHmac } from 'node:crypto';
import type { OperationInput } from './operation.ts';

/**
 * Hashes what an operation asks for, to tell a repetition from another request under the same id.
 * Keyed, because a plain hash of a small request can be guessed. The clock offset is left out: a
 * device measures it anew before it sends an operation again.
 *
 * @param key at least 32 bytes
 */
export function hashRequest(
  key: Uint8Array,
  request: { name: string; actorId: string; input: OperationInput; payload: unknown },
): Uint8Array {
  const { clockOffsetMs: _measured, ...lasting } = request.input;
  return createHmac('sha256', key)
    .update(canonicalJson([request.name, request.actorId, lasting, request.payload]))
    .digest();
}

/** JSON with sorted keys; absent and null members are the same request. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (member === null || typeof member !== 'object' || Array.isArray(member)) return member;
    const entries = Object.entries(member).filter(([, one]) => one !== null && one !== undefined);
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
