import type { IncomingMessage } from 'node:http';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { ProviderPages } from './pages.ts';

/** Names the browser that finished a sign-in; undefined when it brings nothing along. */
export type BrowserToken = (request: IncomingMessage, uid: string) => string | undefined;

/**
 * Threat: an attacker begins a sign-in, plants its cookies in somebody else's browser (from a
 * sibling host, or where cookies of http and https meet), and goes on in their place as soon as they
 * have typed their password. Defence: the page that finishes a sign-in gives the browser a new
 * secret, and only the browser that holds it goes on; any other is one without cookies.
 *
 * The sign-in is the one that the provider itself will take up: that of the signed cookie. What the
 * address says it never compares. One that nobody has finished yet is not gone on with either, or
 * it could be finished between this look and the provider's.
 */
export function registerBrowserCheck(
  provider: Provider,
  options: { readonly tokenOf: BrowserToken; readonly codePage: string },
): void {
  const { tokenOf, codePage } = options;
  provider.use(async (ctx, next) => {
    const uid = ctx.cookies.get(provider.cookieName('resume'), { signed: true });
    const found = uid === undefined ? undefined : await provider.Interaction.find(uid);
    const expected = found?.result?.['browser'];
    const goesOn = uid && typeof expected === 'string' && expected === tokenOf(ctx.req, uid);
    if (uid !== undefined && !goesOn) delete ctx.req.headers.cookie;
    // The provider fails over a connected device whose sign-in is not there (any more).
    if (isRead(ctx.method) && ctx.path.startsWith('/device/') && !goesOn) {
      ctx.redirect(codePage);
      return;
    }
    await next();
  });
}

const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD';

/**
 * Who signs out without being signed in gets a page of the provider that sends itself with a
 * script. No script runs here, so they get the page with the button instead.
 */
export function registerSignOutPage(
  provider: Provider,
  { logoutSource }: ProviderPages['signOut'],
): void {
  provider.use(async (ctx, next) => {
    await next();
    const { body } = ctx;
    if (routeOf(ctx) !== 'end_session' || typeof body !== 'string') return;
    if (!body.includes('<script')) return;
    // The provider's middleware has put its own context there by now.
    await logoutSource?.(ctx as unknown as KoaContextWithOIDC, body);
  });
}

/**
 * The name of the provider's route that answered, however its address was written; undefined when
 * none did. To be asked after `next()` alone: before it, nothing is matched yet.
 */
export function routeOf(ctx: object): string | undefined {
  return (ctx as { readonly oidc?: { readonly route?: string } }).oidc?.route;
}
