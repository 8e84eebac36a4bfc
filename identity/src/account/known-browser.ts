import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** A shared tablet has several people; the ones longest away are forgotten first. */
const maxAccounts = 12;
const browserIdBytes = 16;
const tagBytes = 16;

export interface KnownBrowser {
  readonly browserId: string;
  /** Tells whether someone signed in to this account with this browser before. */
  knows(username: string): boolean;
}

export interface KnownBrowsers {
  /** Reads the cookie of a browser; one that is absent or not ours is an unknown browser. */
  read(cookie: string | undefined): KnownBrowser | undefined;
  /** The cookie after a sign-in: the browser now knows this account too. */
  remember(cookie: string | undefined, username: string): string;
}

/**
 * Tells the browsers that people signed in with before from all others (OWASP: device cookies).
 * The cookie is `<browser id>.<tag>.<tag>…`, a tag being a MAC over the browser and one account.
 * It names nobody, and it is no credential: it only gives tries of one's own.
 *
 * @param key makes the tags
 */
export function createKnownBrowsers(key: Uint8Array): KnownBrowsers {
  const tagOf = (browserId: string, username: string) =>
    createHmac('sha256', key)
      .update(`${browserId}:${username}`)
      .digest()
      .subarray(0, tagBytes)
      .toString('base64url');
  const parse = (cookie: string | undefined) => {
    if (cookie === undefined || !/^[\w-]{22}(\.[\w-]{22}){1,12}$/.test(cookie)) return undefined;
    const [browserId = '', ...tags] = cookie.split('.');
    return { browserId, tags };
  };
  return {
    read(cookie) {
      const parsed = parse(cookie);
      if (parsed === undefined) return undefined;
      const { browserId, tags } = parsed;
      return {
        browserId,
        knows(username) {
          const own = Buffer.from(tagOf(browserId, username));
          return tags.some((tag) => timingSafeEqual(Buffer.from(tag), own));
        },
      };
    },
    remember(cookie, username) {
      const browserId =
        parse(cookie)?.browserId ?? randomBytes(browserIdBytes).toString('base64url');
      const own = tagOf(browserId, username);
      const others = (parse(cookie)?.tags ?? []).filter((tag) => tag !== own);
      return [browserId, own, ...others.slice(0, maxAccounts - 1)].join('.');
    },
  };
}
