import type { FastifyReply, FastifyRequest } from 'fastify';
import { errors } from 'oidc-provider';
import { Fault } from '@caregraph/fault';
import type { LiveProvider } from './live-provider.ts';
import { describeOutside } from './mount.ts';

/** What sign-in has to know of the request that brought someone to its page. */
export interface InteractionDetails {
  readonly uid: string;
  readonly promptName: string;
  readonly clientId: string;
  /** Languages that the client asks for (BCP 47, space list). */
  readonly uiLocales: string | undefined;
  readonly loginHint: string | undefined;
  /** Where the client is answered in the end; checked by the provider. */
  readonly redirectUri: string | undefined;
}

/** How a sign-in ended. */
export type InteractionResult =
  | {
      readonly login: {
        /** The staff member's id. */
        readonly accountId: string;
        /** RFC 8176, e.g. `pwd`, `otp`. */
        readonly amr: readonly string[];
        readonly acr?: string;
      };
    }
  | { readonly error: 'access_denied'; readonly error_description: string };

export interface Interactions {
  /** @throws Fault NOT_FOUND when the browser has no such sign-in under way */
  details(request: FastifyRequest, reply: FastifyReply): Promise<InteractionDetails>;
  /** Sends the browser on with 303. @throws Fault NOT_FOUND as above */
  finish(
    request: FastifyRequest,
    reply: FastifyReply,
    result: InteractionResult,
  ): Promise<FastifyReply>;
}

/** The way between the sign-in pages and the provider of the moment. */
export function createInteractions(provider: LiveProvider, issuer: string): Interactions {
  return {
    async details(request, reply) {
      describeOutside(request.raw, issuer);
      const found = await provider
        .current()
        .interactionDetails(request.raw, reply.raw)
        .catch(throwNotFound);
      const { uid, prompt, params } = found;
      return {
        uid,
        promptName: prompt.name,
        clientId: textOf(params, 'client_id') ?? '',
        uiLocales: textOf(params, 'ui_locales'),
        loginHint: textOf(params, 'login_hint'),
        redirectUri: textOf(params, 'redirect_uri'),
      };
    },
    async finish(request, reply, result) {
      describeOutside(request.raw, issuer);
      const returnTo = await provider
        .current()
        .interactionResult(request.raw, reply.raw, asProviderResult(result), {
          mergeWithLastSubmission: false,
        })
        .catch(throwNotFound);
      return reply.code(303).header('location', returnTo).send();
    },
  };
}

function asProviderResult(result: InteractionResult) {
  if ('error' in result) return { ...result };
  const { accountId, amr, acr } = result.login;
  // A session of the browser would outlast the sign-in page's own promise.
  return { login: { accountId, amr: [...amr], remember: false, ...(acr ? { acr } : {}) } };
}

function textOf(params: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = params[name];
  return typeof value === 'string' ? value : undefined;
}

function throwNotFound(error: unknown): never {
  if (error instanceof errors.SessionNotFound) throw new Fault('NOT_FOUND', {}, error);
  throw error;
}
