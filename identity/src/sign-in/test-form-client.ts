/** A browser without a screen: keeps cookies, sends forms as pages hold them. */
export interface FormClient {
  readonly cookies: Map<string, string>;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** Follows redirects to the next page, or to an address that begins like this one. */
  follow(path: string, stopAt?: string): Promise<Answer>;
  /** Fills the first form of a page and sends it. */
  submit(
    page: Answer,
    values: Record<string, string>,
    headers?: Record<string, string>,
  ): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly location: string;
}

export function createFormClient(url: string): FormClient {
  const cookies = new Map<string, string>();
  async function send(path: string, init: RequestInit): Promise<Answer> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...(cookie ? { cookie } : {}), ...(init.headers as Record<string, string>) };
    const answer = await fetch(new URL(path, url), { ...init, headers, redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/Max-Age=0\b|expires=Thu, 01 Jan 1970/i.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
    const { status } = answer;
    const location = answer.headers.get('location') ?? '';
    return { status, headers: answer.headers, text: await answer.text(), location };
  }
  return {
    cookies,
    get: (path, headers = {}) => send(path, { headers }),
    async follow(path, stopAt) {
      let answer = await send(path, {});
      for (let step = 0; step < 8 && answer.location !== ''; step += 1) {
        if (stopAt !== undefined && answer.location.startsWith(stopAt)) return answer;
        answer = await send(answer.location, {});
      }
      return answer;
    },
    submit(page, values, headers = { origin: url, 'sec-fetch-site': 'same-origin' }) {
      const action = /<form[^>]* action="([^"]+)"/.exec(page.text)?.[1] ?? '';
      const form = /<form[\s\S]*?<\/form>/.exec(page.text)?.[0] ?? '';
      const hidden = [...form.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)];
      const fields = Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, value]));
      const body = new URLSearchParams({ ...fields, ...values }).toString();
      const type = { 'content-type': 'application/x-www-form-urlencoded' };
      return send(action, { method: 'POST', body, headers: { ...type, ...headers } });
    },
  };
}
