import { existsSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultNetworkConfig } from '@caregraph/network';
import { startStack, type Stack } from '../test-stack.ts';

const builtPage = fileURLToPath(new URL('../../explorer/dist/index.html', import.meta.url));

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ demoTokens: true });
});
afterAll(() => stack.stop());

/** fetch sets Host and Sec-Fetch-Site by itself; an attacker's page has others. */
function signIns(headers: Record<string, string>): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    request(`${stack.url}/explorer/sign-ins`, { headers }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    })
      .on('error', reject)
      .end();
  });
}

describe('sign-ins', () => {
  test('the page gets tokens that work', async () => {
    const { status, text } = await signIns({ 'sec-fetch-site': 'same-origin' });
    expect(status).toBe(200);
    const offered = JSON.parse(text) as { role: string; token: string }[];
    expect(offered.map(({ role }) => role)).toEqual(['health_worker', 'clinician', 'pharmacist']);
    const { status: asked } = await stack.ask('{ checkupCount }', {
      headers: { authorization: `Bearer ${offered[0]?.token ?? ''}` },
    });
    expect(asked).toBe(200);
  });

  test.each([
    ['a page of another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a page of another port', { 'sec-fetch-site': 'same-site' }, 403],
    ['a name that was pointed here', { host: 'evil.example:4000' }, 400],
    ['a name that begins like ours', { host: 'localhost.evil.example' }, 400],
  ])('%s gets none', async (_who, headers, refusal) => {
    const { status, text } = await signIns(headers);
    expect(status).toBe(refusal);
    expect(text).not.toContain(stack.token);
  });

  test.each(['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'])(
    'what a proxy hands on (%s) gets none',
    async (name) => {
      const { status, text } = await signIns({ [name]: '192.0.2.1' });
      expect(status).toBe(403);
      expect(text).not.toContain(stack.token);
    },
  );

  test.each([
    [
      'a proxy is in front',
      { network: { ...defaultNetworkConfig, behindProxy: true } },
      'http://127.0.0.1',
    ],
    ['the public address is not of this machine', {}, 'https://graph.test'],
  ])('there are none on a loopback address where %s', async (_why, config, publicUrl) => {
    const signIn = { issuer: `${publicUrl}/identity`, publicUrl };
    const proxied = await startStack({ demoTokens: true, signIn, config });
    expect(await (await fetch(`${proxied.url}/explorer/sign-ins`)).json()).toEqual([]);
    await proxied.stop();
  });

  test('they stay where the public address is of this machine', async () => {
    const publicUrl = 'http://[::1]:4000';
    const signIn = { issuer: `${publicUrl}/identity`, publicUrl };
    const local = await startStack({ demoTokens: true, signIn });
    expect(await (await fetch(`${local.url}/explorer/sign-ins`)).json()).toHaveLength(3);
    await local.stop();
  });

  test('there are none where the router listens to the network, or has none to offer', async () => {
    const network = { ...defaultNetworkConfig, behindProxy: true };
    const open = await startStack({ demoTokens: true, config: { host: '0.0.0.0', network } });
    const port = new URL(open.url).port;
    expect(await (await fetch(`http://127.0.0.1:${port}/explorer/sign-ins`)).json()).toEqual([]);
    await open.stop();
    const plain = await startStack();
    expect(await (await fetch(`${plain.url}/explorer/sign-ins`)).json()).toEqual([]);
    await plain.stop();
  });
});

describe('sign-in options', () => {
  const options = async ({ url }: Stack) => {
    const answer = await fetch(`${url}/explorer/sign-in-options`);
    expect(answer.headers.get('content-type')).toContain('application/json');
    return answer.json() as Promise<unknown>;
  };
  const policy = async ({ url }: Stack) =>
    (await fetch(`${url}/explorer/`)).headers.get('content-security-policy') ?? '';

  test('the page learns who lets people in, and may reach nobody else', async () => {
    const [publicUrl, issuer] = ['https://graph.test', 'https://identity.test/people'];
    const elsewhere = await startStack({ signIn: { issuer, publicUrl } });
    const address = `${publicUrl}/explorer/`;
    expect(await options(elsewhere)).toEqual({ issuer, clientId: 'explorer', address });
    if (existsSync(builtPage)) {
      expect(await policy(elsewhere)).toContain("connect-src 'self' https://identity.test;");
    }
    await elsewhere.stop();
  });

  test('an issuer under our own name needs no leave', async () => {
    const publicUrl = 'https://graph.test';
    const here = await startStack({ signIn: { issuer: `${publicUrl}/identity`, publicUrl } });
    if (existsSync(builtPage)) expect(await policy(here)).toContain("connect-src 'self';");
    await here.stop();
  });

  test('there are none where nobody lets people in', async () => {
    expect(await options(stack)).toBeNull();
  });
});

test('a deployment can do without the explorer', async () => {
  const closed = await startStack({ demoTokens: true, config: { explorer: false } });
  for (const path of ['', '/', '/sign-ins', '/sign-in-options'].map((end) => `/explorer${end}`)) {
    expect((await fetch(`${closed.url}${path}`)).status).toBe(404);
  }
  await closed.stop();
});

describe('the built page', () => {
  test('runs no script but its own files', async () => {
    const answer = await fetch(`${stack.url}/explorer/`);
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(await answer.text()).not.toMatch(/<script(?![^>]*\ssrc=)/);
    expect(answer.headers.get('cache-control')).toBe('no-cache');
  });

  test('its files come compressed and are kept for good', async () => {
    const page = await (await fetch(`${stack.url}/explorer/`)).text();
    const script = /src="(\/explorer\/assets\/[^"]+\.js)"/.exec(page)?.[1] ?? '';
    for (const encoding of ['br', 'gzip']) {
      const answer = await fetch(`${stack.url}${script}`, {
        headers: { 'accept-encoding': encoding },
      });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-encoding')).toBe(encoding);
      expect(answer.headers.get('cache-control')).toContain('immutable');
      expect(answer.headers.get('content-type')).toContain('javascript');
    }
  });

  test('a file that the browser has is not sent again, nor one it asks only about', async () => {
    // fetch asks for an answer that is not from a cache, so it never gets a 304.
    const askIcon = (headers: Record<string, string>) =>
      new Promise<IncomingMessage>((resolve, reject) => {
        const icon = `${stack.url}/explorer/favicon.svg`;
        request(icon, { headers }, (answer) => resolve(answer.resume()))
          .on('error', reject)
          .end();
      });
    const { etag = 'none' } = (await askIcon({})).headers;
    expect((await askIcon({ 'if-none-match': etag })).statusCode).toBe(304);
    for (const path of [
      '/explorer/favicon.svg',
      '/explorer/',
      '/explorer/nothing.js',
      '/nothing',
    ]) {
      const { status } = await fetch(`${stack.url}${path}`);
      const asked = await fetch(`${stack.url}${path}`, { method: 'HEAD' });
      expect([path, asked.status, await asked.text()]).toEqual([path, status, '']);
    }
  });

  test.each(['/explorer/../package.json', '/explorer/%2e%2e/package.json', '/explorer/nothing.js'])(
    '%s is not found',
    async (path) => {
      expect((await fetch(`${stack.url}${path}`)).status).toBe(404);
    },
  );
});
