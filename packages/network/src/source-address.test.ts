import { afterEach, describe, expect, test } from 'vitest';
import { createIdSource, systemClock as clock } from '@caregraph/clock';
import { createLogger, type Logger } from '@caregraph/observability';
import {
  createNetworkServer,
  defaultNetworkConfig,
  listen,
  sourceAddress,
  type NetworkConfig,
  type NetworkServer,
} from './index.ts';
import { createTrust, isProxyRange } from './source-address.ts';

const silent = createLogger({ service: 'test', level: 'silent' });
const servers: NetworkServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map(({ app }) => app.close())));

async function start(network: Partial<NetworkConfig>, log: Logger = silent) {
  const config = { ...defaultNetworkConfig, ...network };
  const at = { host: '127.0.0.1', network: config };
  const server = await createNetworkServer({
    ...{ ...at, bodyLimitBytes: 64, log, clock, ids: createIdSource(clock) },
    writeError: ({ code }) => ({ type: 'text/plain', body: code }),
  });
  servers.push(server);
  server.app.get('/who', (asked) => ({
    source: sourceAddress(asked) ?? 'unknown',
    host: asked.host,
    protocol: asked.protocol,
  }));
  server.app.post('/write', () => 'written');
  const url = await listen(server.app, { ...at, port: 0 });
  return {
    url,
    async ask(headers: Record<string, string> = {}) {
      const answer = await fetch(`${url}/who`, { headers });
      return (await answer.json()) as { source: string; host: string; protocol: string };
    },
  };
}

const saying = (addresses: string) => ({ 'x-forwarded-for': addresses });

describe('the source of a request', () => {
  test('is the connection, whatever a client writes', async () => {
    const { ask } = await start({});
    expect((await ask(saying('192.0.2.1'))).source).toBe('127.0.0.1');
  });

  test('is not what an untrusted peer writes', async () => {
    const { ask } = await start({ behindProxy: true, trustedProxies: ['10.0.0.0/8'] });
    for (const said of ['192.0.2.1', '10.0.0.1', '192.0.2.1, 10.0.0.1']) {
      expect((await ask(saying(said))).source, said).toBe('127.0.0.1');
    }
  });

  test('is whom a trusted one names: the last that is no proxy', async () => {
    const { ask } = await start({ behindProxy: true, trustedProxies: ['127.0.0.1', '10.0.0.0/8'] });
    expect((await ask(saying('192.0.2.1'))).source).toBe('192.0.2.1');
    expect((await ask(saying('2001:db8::7'))).source).toBe('2001:db8::7');
    expect((await ask(saying('203.0.113.9, 192.0.2.2, 10.1.2.3'))).source).toBe('192.0.2.2');
  });

  test('is nobody known behind a proxy that is not named, or that names nobody', async () => {
    const unnamed = await start({ behindProxy: true });
    expect((await unnamed.ask()).source).toBe('unknown');
    expect((await unnamed.ask(saying('192.0.2.1'))).source).toBe('unknown');
    const { ask } = await start({ behindProxy: true, trustedProxies: ['127.0.0.1'] });
    expect((await ask()).source).toBe('unknown');
    expect((await ask(saying('anything-1'))).source).toBe('unknown');
  });

  test('is all that a trusted proxy says; Host alone names us', async () => {
    const { ask, url } = await start({ behindProxy: true, trustedProxies: ['127.0.0.1'] });
    const names = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' };
    const { host } = new URL(url);
    expect(await ask({ ...saying('192.0.2.1'), ...names })).toEqual({
      ...{ source: '192.0.2.1', host, protocol: 'http' },
    });
    // The guard of pages from before Sec-Fetch-Site compares the origin with the host.
    const asked = (origin: string) =>
      fetch(`${url}/write`, { method: 'POST', headers: { ...names, origin } });
    expect((await asked('https://evil.example')).status).toBe(403);
  });
});

test('a proxy that is not named is said at the start, once', async () => {
  const lines: string[] = [];
  const log: Logger = { ...silent, warn: (message: string) => void lines.push(message) };
  await start({ behindProxy: true, trustedProxies: ['127.0.0.1'] }, log);
  await start({}, log);
  expect(lines).toEqual([]);
  await start({ behindProxy: true }, log);
  expect(lines).toEqual([expect.stringContaining('TRUSTED_PROXIES')]);
});

test('a proxy is an address or a network, and never everybody', () => {
  for (const entry of ['10.0.0.7', '10.0.0.0/8', '::1', 'fd00::/8', '192.0.2.1/32']) {
    expect(isProxyRange(entry), entry).toBe(true);
  }
  for (const entry of [
    '',
    '*',
    '0.0.0.0/0',
    '::/0',
    '10.0.0.0/33',
    '10.0.0.0/8/8',
    'proxy',
    '/8',
  ]) {
    expect(isProxyRange(entry), entry).toBe(false);
  }
  const isProxy = createTrust({ behindProxy: true, trustedProxies: ['10.0.0.0/8', 'fd00::/8'] });
  expect(['10.1.2.3', '::ffff:10.1.2.3', 'fd12::1'].every(isProxy)).toBe(true);
  expect(['11.0.0.1', '::ffff:11.0.0.1', 'fe80::1', 'x'].some(isProxy)).toBe(false);
});
