import type { FastifyReply, FastifyRequest } from 'fastify';
import { errors } from 'oidc-provider';
import type { Clock } from '@caregraph/clock';
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
      /** What the browser has to bring along to go on (see browser-pages.ts). */
      readonly browser?: string;
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
  /** What a person is signed in to with this very browser; undefined for anybody else's. */
  sessionAtHand(
    request: FastifyRequest,
    reply: FastifyReply,
    accountId: string,
  ): Promise<SessionAtHand | undefined>;
}

/** A browser's session whose owner has just proved who they are. */
export interface SessionAtHand {
  readonly grantIds: readonly string[];
  /** The session counts from now, as if the person had signed in anew. */
  renew(): Promise<void>;
}

/** The way between the sign-in pages and the provider of the moment. */
export function createInteractions(
  provider: LiveProvider,
  deps: {
    readonly issuer: string;
    readonly clock: Clock;
    /** Voids what was given out in a browser's session. */
    readonly onSignOut: (sessionUid: string) => Promise<void>;
  },
): Interactions {
  const { issuer, clock } = deps;
  const nowS = () => Math.floor(clock.now().getTime() / 1_000);
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
      if ('login' in result) await endOthersSession(provider, deps, request, reply, result);
      const returnTo = await provider
        .current()
        .interactionResult(request.raw, reply.raw, asProviderResult(result, nowS()), {
          mergeWithLastSubmission: false,
        })
        .catch(throwNotFound);
      return reply.code(303).header('location', returnTo).send();
    },
    async sessionAtHand(request, reply, accountId) {
      describeOutside(request.raw, issuer);
      const current = provider.current();
      const context = current.createContext(request.raw, reply.raw);
      const session = await current.Session.get(context);
      if (session.accountId !== accountId) return undefined;
      const grants = Object.values(session.authorizations ?? {}).map(({ grantId }) => grantId);
      return {
        grantIds: grants.filter((id) => id !== undefined),
        async renew() {
          session.loginTs = nowS();
          await session.persist();
        },
      };
    },
  };
}

/**
 * A tablet is handed on: who signs in where somebody else is signed in ends that session, and all
 * that was given out in it.
 */
async function endOthersSession(
  provider: LiveProvider,
  { onSignOut }: { onSignOut(sessionUid: string): Promise<void> },
  request: FastifyRequest,
  reply: FastifyReply,
  { login }: Extract<InteractionResult, { login: unknown }>,
): Promise<void> {
  const current = provider.current();
  const session = await current.Session.get(current.createContext(request.raw, reply.raw));
  if (session.accountId === undefined || session.accountId === login.accountId) return;
  const interaction = await current.interactionDetails(request.raw, reply.raw).catch(throwNotFound);
  await onSignOut(session.uid);
  await session.destroy();
  // It was begun in the session that ended, and goes on without one.
  delete interaction.session;
  await interaction.persist();
}

/** A sign-in is as old as the moment in which it was proved, whenever the browser goes on. */
function asProviderResult(result: InteractionResult, ts: number) {
  if ('error' in result) return { ...result };
  const { accountId, amr, acr } = result.login;
  const { browser } = result;
  // A session of the browser would outlast the sign-in page's own promise.
  return {
    login: { accountId, ts, amr: [...amr], remember: false, ...(acr ? { acr } : {}) },
    ...(browser === undefined ? {} : { browser }),
  };
}

function textOf(params: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = params[name];
  return typeof value === 'string' ? value : undefined;
}

function throwNotFound(error: unknown): never {
  if (error instanceof errors.SessionNotFound) throw new Fault('NOT_FOUND', {}, error);
  throw error;
}
