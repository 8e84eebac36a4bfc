import { access } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyRequest } from 'fastify';
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

interface ExplorerOptions {
  readonly config: RouterConfig;
  readonly log: Logger;
  readonly demoTokens?: () => Promise<readonly DemoToken[]>;
}

const builtPages = fileURLToPath(new URL('../../explorer/dist', import.meta.url));
const loopbackNames = new Set(['localhost', '127.0.0.1', '::1']);

/** Threat: a script smuggled into the page could use the tokens in it; only our own files run. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Serves the explorer's page, built beforehand and compressed, and the demo sign-ins. */
export async function installExplorer(
  app: FastifyInstance,
  { config, log, demoTokens }: ExplorerOptions,
): Promise<void> {
  app.get('/explorer', (_request, reply) => reply.redirect('/explorer/', 308));
  app.get('/explorer/sign-ins', async (request, reply) => {
    const offered = demoTokens !== undefined && loopbackNames.has(config.host);
    if (offered && !isFromThisMachinesPage(request)) {
      return answerError(request, reply, { code: 'FORBIDDEN' });
    }
    return reply.header('cache-control', 'no-store').send(offered ? await demoTokens() : []);
  });
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
      reply.header('content-security-policy', contentSecurityPolicy);
      reply.header('referrer-policy', 'no-referrer');
    },
  });
}

/**
 * Threat: a page elsewhere on the web makes the browser of someone on this machine ask for the
 * tokens, directly or by pointing its own name at 127.0.0.1 (DNS rebinding). The browser says
 * where a request comes from and which name it used.
 */
function isFromThisMachinesPage({ hostname, headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  const sameOrigin = site === undefined || site === 'same-origin' || site === 'none';
  return sameOrigin && loopbackNames.has(hostname.replace(/^\[|\]$/g, ''));
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
