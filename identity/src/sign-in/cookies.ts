import { isLoopback } from '@caregraph/network';

/** The cookies of the pages: a browser's secret, the accounts it knows, a link, a language. */
export type CookieName = 'form' | 'known' | 'link' | 'language';

/** A request, as Fastify or Node has it. */
export interface CookieBearer {
  readonly headers: { readonly cookie?: string | undefined };
}

export interface Cookies {
  read(request: CookieBearer, name: CookieName): string | undefined;
  /**
   * The value of a Set-Cookie header.
   *
   * @param maxAgeS seconds to keep it; without, until the browser closes
   */
  write(name: CookieName, value: string, maxAgeS?: number): string;
}

/**
 * Cookies that scripts, other sites and other hosts of the domain cannot reach or plant: `__Host-`,
 * HttpOnly, SameSite=Lax (a client's redirect to the sign-in page has to bring them along).
 *
 * @throws Error when the public address is http and not of this machine
 */
export function createCookies(publicUrl: string): Cookies {
  const { protocol, hostname } = new URL(publicUrl);
  const isSecure = protocol === 'https:';
  if (!isSecure && !isLoopback(hostname)) {
    throw new Error('sign-in needs https, but on the loopback address');
  }
  const nameOf = (name: CookieName) => `${isSecure ? '__Host-' : ''}caregraph-${name}`;
  return {
    read(request, name) {
      const own = `${nameOf(name)}=`;
      const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim());
      const found = pairs.filter((pair) => pair.startsWith(own));
      // Two of one name: one of them was planted, and there is no telling which.
      return found.length === 1 ? found[0]?.slice(own.length) : undefined;
    },
    write(name, value, maxAgeS) {
      const age = maxAgeS === undefined ? '' : `; Max-Age=${maxAgeS}`;
      const secure = isSecure ? '; Secure' : '';
      return `${nameOf(name)}=${value}; Path=/; HttpOnly; SameSite=Lax${secure}${age}`;
    },
  };
}
