import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { SealedValues } from '../store/sealed-value.ts';

/**
 * Refresh tokens name their family, so that any token of a family, however old, is recognised
 * without a row for each.
 */
export interface RefreshTokens {
  mint(familyId: string): string;
  /** @returns the family of a token that was minted here, undefined for anything else */
  familyOf(token: string): string | undefined;
}

const pattern = /^cgr_[A-Za-z0-9_-]{86}$/;
const macLabel = 'refresh token';

/**
 * A token is 16 bytes of the family's id, 32 random ones and 16 of a MAC over both.
 *
 * Threat: the family's id stands in access tokens as `sid`, and an unknown token of a family
 * revokes it; without the MAC, whoever saw an id could sign the person out.
 */
export function createRefreshTokens(sealed: SealedValues): RefreshTokens {
  const macOf = (head: Uint8Array) =>
    sealed.mac(macLabel, Buffer.from(head).toString('hex')).subarray(0, 16);
  return {
    mint(familyId) {
      const head = Buffer.concat([
        Buffer.from(familyId.replaceAll('-', ''), 'hex'),
        randomBytes(32),
      ]);
      return `cgr_${Buffer.concat([head, macOf(head)]).toString('base64url')}`;
    },
    familyOf(token) {
      if (!pattern.test(token)) return undefined;
      const bytes = Buffer.from(token.slice(4), 'base64url');
      // Another spelling of the same bytes would have another hash.
      if (bytes.length !== 64 || `cgr_${bytes.toString('base64url')}` !== token) return undefined;
      const head = bytes.subarray(0, 48);
      if (!timingSafeEqual(bytes.subarray(48), macOf(head))) return undefined;
      const hex = head.subarray(0, 16).toString('hex');
      return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    },
  };
}

/** What the store keeps of a token. */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
