import type { IncomingMessage } from 'node:http';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { ProviderPages } from './pages.ts';

/** Names the browser that finished a sign-in; undefined when it brings nothing along. */
export type BrowserToken = (request: IncomingMessage, uid: string) => string | undefined;

const resumePath = /^\/(?:auth|device)\/([\w-]{10,64})$/;

/**
 * Threat: an attacker begins a sign-in, plants its cookies in somebody else's browser (from a
 * sibling host, or where cookies of http and https meet), and goes on in their place as soon as they
 * have typed their password. Defence: the page that finishes a sign-in gives the browser a new
 * secret, and only the browser that holds it goes on; any other is one without cookies.
 */
export function registerBrowserCheck(provider: Provider, tokenOf: BrowserToken): void {
  provider.use(async (ctx, next) => {
    const uid = resumePath.exec(ctx.path)?.[1];
    const result = uid && (await provider.Interaction.find(uid))?.result;
    const expected = result ? result['browser'] : undefined;
    if (uid && expected !== undefined && expected !== tokenOf(ctx.req, uid)) {
      delete ctx.req.headers.cookie;
    }
    await next();
  });
}

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
    if (ctx.path !== '/session/end' || typeof body !== 'string') return;
    if (!body.includes('<script')) return;
    // The provider's middleware has put its own context there by now.
    await logoutSource?.(ctx as unknown as KoaContextWithOIDC, body);
  });
}
