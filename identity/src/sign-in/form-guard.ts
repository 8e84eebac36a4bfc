import { createHmac, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';

/** Why a form was refused; for the log, never for the page. */
export type FormRefusal = 'foreign_origin' | 'token_wrong';

export interface FormGuard {
  /** The token of one form in one browser. @param purpose names the form and its interaction */
  tokenFor(browserSecret: string, purpose: string): string;
  refusalOf(
    request: FastifyRequest,
    form: { browserSecret: string; purpose: string; token: string | undefined },
  ): FormRefusal | undefined;
}

/**
 * Threat: another site has a browser send one of our forms (CSRF). Defences, each enough alone: the
 * browser says where the form came from and it must be here; the form carries a MAC over the
 * browser's secret cookie and the interaction, which another site can neither read nor make.
 *
 * @param key makes the tokens
 */
export function createFormGuard(key: Uint8Array, publicUrl: string): FormGuard {
  const { origin } = new URL(publicUrl);
  const tokenFor = (browserSecret: string, purpose: string) =>
    createHmac('sha256', key).update(`${browserSecret}:${purpose}`).digest('base64url');
  return {
    tokenFor,
    refusalOf(request, { browserSecret, purpose, token = '' }) {
      const site = request.headers['sec-fetch-site'];
      const from = request.headers.origin;
      if (site === undefined && from === undefined) return 'foreign_origin';
      if (site !== undefined && site !== 'same-origin') return 'foreign_origin';
      if (from !== undefined && from !== origin) return 'foreign_origin';
      const expected = Buffer.from(tokenFor(browserSecret, purpose));
      const given = Buffer.from(token);
      const isEqual = given.length === expected.length && timingSafeEqual(given, expected);
      return isEqual ? undefined : 'token_wrong';
    },
  };
}
