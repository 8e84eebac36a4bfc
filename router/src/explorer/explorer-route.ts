import { access } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isLoopback } from '@caregraph/network';
import type { Logger } from '@caregraph/observability';
import type { RouterConfig } from '../config.ts';
import { answerError } from '../http/error-answer.ts';

/** A ready-made sign-in that the explorer's page offers. */
export interface DemoToken {
  /** What the page shows, e.g. a made-up name and place. */
  readonly label: string;
  readonly role: string;
  readonly token: string;
  /** RFC 3339 instant; the page fetches new ones before it. */
  readonly expiresAt: string;
}

/** Where people sign in to the explorer as themselves. */
export interface ExplorerSignIn {
  /** The issuer of access tokens, to which the explorer is the public client `explorer`. */
  readonly issuer: string;
  /** Where clients reach the router, without a slash at the end. */
  readonly publicUrl: string;
}

interface ExplorerOptions {
  readonly config: RouterConfig;
  readonly log: Logger;
  readonly signIn?: ExplorerSignIn;
  readonly demoTokens?: () => Promise<readonly DemoToken[]>;
}

const builtPages = fileURLToPath(new URL('../../explorer/dist', import.meta.url));
const forwarded = /^(?:forwarded|via|x-forwarded-.*|x-real-ip)$/i;

/**
 * Threat: a script smuggled into the page could use the tokens in it; only our own files run, and
 * they reach the router and the issuer alone.
 */
function contentSecurityPolicy(signIn: ExplorerSignIn | undefined): string {
  const issuer = signIn && new URL(signIn.issuer).origin;
  const isElsewhere = issuer !== undefined && issuer !== new URL(signIn?.publicUrl ?? '').origin;
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src 'self'${isElsewhere ? ` ${issuer}` : ''}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** Serves the explorer's page, built beforehand and compressed, and how one signs in there. */
export async function installExplorer(
  app: FastifyInstance,
  { config, log, signIn, demoTokens }: ExplorerOptions,
): Promise<void> {
  const policy = contentSecurityPolicy(signIn);
  app.get('/explorer', (_request, reply) => reply.redirect('/explorer/', 308));
  app.get('/explorer/sign-ins', async (request, reply) => {
    const offered = demoTokens !== undefined && isForThisMachine(config, signIn);
    if (offered && !isFromThisMachinesPage(request)) {
      return answerError(request, reply, { code: 'FORBIDDEN' });
    }
    return reply.header('cache-control', 'no-store').send(offered ? await demoTokens() : []);
  });
  app.get('/explorer/sign-in-options', (_request, reply) =>
    reply
      .header('cache-control', 'no-store')
      .type('application/json; charset=utf-8')
      .send(JSON.stringify(signIn === undefined ? null : signInOptions(signIn))),
  );
  if (!(await exists(`${builtPages}/index.html`))) {
    log.warn('the explorer is not built: npm run -w router build:explorer');
    return;
  }
  await app.register(fastifyStatic, {
    root: builtPages,
    prefix: '/explorer/',
    preCompressed: true,
    cacheControl: false,
    decorateReply: false,
    setHeaders(reply, path) {
      // Names under assets/ hold a hash of the content, so a file never changes under its name.
      const named = path.includes('/assets/');
      reply.header('cache-control', named ? 'public, max-age=31536000, immutable' : 'no-cache');
      reply.header('content-security-policy', policy);
      reply.header('referrer-policy', 'no-referrer');
    },
  });
}

/** The address is the one that the issuer knows; a page under another name goes there first. */
function signInOptions({ issuer, publicUrl }: ExplorerSignIn) {
  return { issuer, clientId: 'explorer', address: `${publicUrl}/explorer/` };
}

/**
 * Threat: a proxy on this machine hands the network on to a loopback address. The deployment says
 * so, by BEHIND_PROXY or by a public address that is not this machine's.
 */
function isForThisMachine({ host, network }: RouterConfig, signIn?: ExplorerSignIn): boolean {
  const isPublic = signIn !== undefined && !isLoopback(new URL(signIn.publicUrl).hostname);
  return isLoopback(host) && !network.behindProxy && !isPublic;
}

/**
 * Threat: a page elsewhere on the web makes the browser of someone on this machine ask for the
 * tokens, directly or by pointing its own name at 127.0.0.1 (DNS rebinding). The browser says
 * where a request comes from and which name it used; a proxy that nobody told us of says that it
 * is one.
 */
function isFromThisMachinesPage({ hostname, headers, raw }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  const sameOrigin = site === undefined || site === 'same-origin' || site === 'none';
  const isForwarded = raw.rawHeaders.some((name, at) => at % 2 === 0 && forwarded.test(name));
  return sameOrigin && !isForwarded && isLoopback(hostname);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
