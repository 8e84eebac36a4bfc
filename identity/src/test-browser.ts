/** A browser without pages: follows redirects of one host and keeps its cookies. */
export interface TestBrowser {
  readonly cookies: Map<string, string>;
  fetch(url: string | URL, init?: RequestInit): Promise<Response>;
  /** Follows redirects until one leaves for `stopAt`. @returns that address */
  follow(url: URL, stopAt: string): Promise<URL>;
}

export function createTestBrowser(): TestBrowser {
  const cookies = new Map<string, string>();
  async function visit(url: string | URL, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    if (!headers.has('accept')) headers.set('accept', 'text/html');
    const answer = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '' || /expires=Thu, 01 Jan 1970/i.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
    return answer;
  }
  return {
    cookies,
    fetch: visit,
    async follow(start, stopAt) {
      let url = start;
      for (let step = 0; step < 10; step += 1) {
        const answer = await visit(url);
        const location = answer.headers.get('location');
        if (location === null) throw new Error(`${answer.status}: ${await answer.text()}`);
        url = new URL(location, url);
        if (url.href.startsWith(stopAt)) return url;
      }
      throw new Error('too many redirects');
    },
  };
}
