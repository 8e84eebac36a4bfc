import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultNetworkConfig } from '../http/network-config.ts';
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

test('a deployment can do without the explorer', async () => {
  const closed = await startStack({ demoTokens: true, config: { explorer: false } });
  for (const path of ['/explorer', '/explorer/', '/explorer/sign-ins']) {
    expect((await fetch(`${closed.url}${path}`)).status).toBe(404);
  }
  await closed.stop();
});

describe.skipIf(!existsSync(builtPage))('the built page', () => {
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

  test.each(['/explorer/../package.json', '/explorer/%2e%2e/package.json', '/explorer/nothing.js'])(
    '%s is not found',
    async (path) => {
      expect((await fetch(`${stack.url}${path}`)).status).toBe(404);
    },
  );
});
