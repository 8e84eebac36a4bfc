import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor, Credentials, TokenVerifier } from '@caregraph/access';
import { isFault } from '@caregraph/fault';
import { clientCertificateThumbprint } from '@caregraph/network';
import { answerError } from './error-answer.ts';

const actors = new WeakMap<FastifyRequest, Actor>();

/**
 * Refuses requests without a valid token before their body is read.
 *
 * Threat: whoever has no token must not make the router buffer or parse anything of theirs.
 */
export function createAuthenticationHook(verifier: TokenVerifier) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    try {
      actors.set(request, await verifier.verifyRequest(credentialsOf(request)));
      return undefined;
    } catch (error) {
      if (!isFault(error)) throw error;
      const missing = error.code === 'UNAUTHENTICATED';
      // RFC 6750 §3.1: a request without a token is not told an error code.
      const detail = `, error="invalid_token", error_description="${error.message}"`;
      reply.header('www-authenticate', [
        `Bearer realm="caregraph"${missing ? '' : detail}`,
        `DPoP algs="ES256"${error.code === 'DPOP_PROOF_INVALID' ? ', error="invalid_dpop_proof"' : ''}`,
      ]);
      return answerError(request, reply, {
        code: 'UNAUTHENTICATED',
        reason: missing ? 'TOKEN_MISSING' : error.code,
        message: error.message,
      });
    }
  };
}

/** The actor of a request that passed the hook. @throws when the hook was not installed */
export function actorOf(request: FastifyRequest): Actor {
  const actor = actors.get(request);
  if (actor === undefined) throw new Error('The request was not authenticated.');
  return actor;
}

function credentialsOf(request: FastifyRequest): Credentials {
  const { authorization, dpop } = request.headers;
  return {
    authorization,
    dpop: typeof dpop === 'string' ? dpop : undefined,
    method: request.method,
    clientCertificateThumbprint: clientCertificateThumbprint(request),
  };
}
