import { Fault } from '@caregraph/fault';

const segmentPattern = /^[A-Za-z0-9_-]+$/;

/**
 * Threat: a decoder that skips spaces or ignores trailing bits accepts many spellings of one
 * token, so that a revocation or a cache keyed by the text misses. Defence: each of the three
 * segments must be exactly what encoding its bytes again gives (RFC 7515 §2, RFC 4648 §5).
 */
export function refuseNonCanonicalSegments(token: string): void {
  const segments = token.split('.');
  const canonical = segments.every(
    (segment) =>
      segmentPattern.test(segment) &&
      Buffer.from(segment, 'base64url').toString('base64url') === segment,
  );
  if (segments.length !== 3 || !canonical) throw new Fault('TOKEN_MALFORMED');
}
