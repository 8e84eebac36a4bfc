interface Page {
  readonly url: URL;
  readonly text: string;
}

/** A browser without a screen: keeps cookies, follows redirects, sends the form of a page. */
export interface Browser {
  /** @param stopAt an address that begins like this is where one wants to get to */
  follow(url: URL, stopAt: string): Promise<Page>;
  submit(page: Page, values: Readonly<Record<string, string>>, stopAt: string): Promise<Page>;
}

const mostSteps = 8;

export function createBrowser(): Browser {
  const cookies = new Map<string, string>();

  async function send(url: URL, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    const answer = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    return answer;
  }

  async function walk(from: URL, init: RequestInit, stopAt: string): Promise<Page> {
    let [url, answer] = [from, await send(from, init)];
    for (let step = 0; step < mostSteps; step += 1) {
      const to = answer.headers.get('location');
      const text = await answer.text();
      if (to === null) {
        if (!answer.ok) throw new Error(`${url.pathname} answered ${answer.status}`);
        return { url, text };
      }
      url = new URL(to, url);
      if (url.href.startsWith(stopAt)) return { url, text: '' };
      answer = await send(url, {});
    }
    throw new Error('too many redirects');
  }

  return {
    follow: (url, stopAt) => walk(url, {}, stopAt),
    submit(page, values, stopAt) {
      const form = /<form[\s\S]*?<\/form>/.exec(page.text)?.[0] ?? '';
      const action = /<form[^>]* action="([^"]+)"/.exec(form)?.[1] ?? '';
      const hidden = [...form.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)];
      const fields = Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, value]));
      const body = new URLSearchParams({ ...fields, ...values }).toString();
      const headers = {
        'content-type': 'application/x-www-form-urlencoded',
        origin: page.url.origin,
        'sec-fetch-site': 'same-origin',
      };
      return walk(new URL(action, page.url), { method: 'POST', body, headers }, stopAt);
    },
  };
}
