import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { isOurName, requireMeantExposure } from './exposure.ts';
import { defaultNetworkConfig, networkConfigOf, networkVariables } from './network-config.ts';

const read = (env: Record<string, string>) =>
  networkConfigOf(z.object(networkVariables).parse(env));
const tls = { TLS_CERT_FILE: '/tls.crt', TLS_KEY_FILE: '/tls.key' };

test('nothing said means the defaults', () => {
  expect(read({})).toEqual(defaultNetworkConfig);
});

test('everything said is read', () => {
  const config = read({
    ...tls,
    TLS_CLIENT_CA_FILE: '/ca.crt',
    TLS_CLIENT_SELF_SIGNED: 'true',
    BEHIND_PROXY: 'true',
    TRUSTED_PROXIES: '10.0.0.7, fd00::/8',
    ALLOWED_HOSTS: 'Graph.test, 10.0.0.7,[fd00::1]',
    ALLOWED_ORIGINS: 'https://app.test,http://localhost:5173',
    HEADERS_TIMEOUT_MS: '90000',
    REQUEST_TIMEOUT_MS: '60000',
  });
  expect(config.tls).toMatchObject({ certFile: '/tls.crt', selfSignedClients: true });
  expect(config.trustedProxies).toEqual(['10.0.0.7', 'fd00::/8']);
  expect(config.allowedHosts).toEqual(['graph.test', '10.0.0.7', '[fd00::1]']);
  expect(config.allowedOrigins).toEqual(['https://app.test', 'http://localhost:5173']);
  // Node refuses headers that may take longer than the whole request.
  expect(config.headersTimeoutMs).toBe(60_000);
});

test('names known otherwise count, an address that means all does not', () => {
  const parsed = z.object(networkVariables).parse({ ALLOWED_HOSTS: 'a.test' });
  const { allowedHosts } = networkConfigOf(parsed, ['0.0.0.0', '::', 'Graph.test']);
  expect(allowedHosts).toEqual(['a.test', 'graph.test']);
});

test.each<Record<string, string>>([
  { TLS_CERT_FILE: '/tls.crt' },
  { TLS_KEY_FILE: '/tls.key' },
  { TLS_CLIENT_CA_FILE: '/ca.crt' },
  { TLS_CLIENT_SELF_SIGNED: 'true' },
  { ALLOWED_ORIGINS: '*' },
  { ALLOWED_ORIGINS: 'https://*.app.test/' },
  { ALLOWED_ORIGINS: 'https://app.test/' },
  { ALLOWED_ORIGINS: 'null' },
  { ALLOWED_ORIGINS: 'app.test' },
  { ALLOWED_ORIGINS: 'file:///x' },
  { ALLOWED_HOSTS: '*' },
  { ALLOWED_HOSTS: 'https://graph.test' },
  { ALLOWED_HOSTS: 'graph.test:4000' },
  { MAX_CONNECTIONS: '0' },
  { BEHIND_PROXY: 'yes' },
  { TRUSTED_PROXIES: '*' },
  { TRUSTED_PROXIES: '0.0.0.0/0' },
  { TRUSTED_PROXIES: 'proxy.test' },
])('%o is refused', (env) => {
  expect(() => read(env)).toThrow();
});

describe('exposure', () => {
  test.each(['0.0.0.0', '::', '10.0.0.7', 'graph.test'])('%s wants TLS or a proxy', (host) => {
    expect(() => requireMeantExposure(host, read({}))).toThrow(/PLAIN_HTTP_REFUSED.*BEHIND_PROXY/);
    expect(() => requireMeantExposure(host, read({ BEHIND_PROXY: 'true' }))).not.toThrow();
    expect(() => requireMeantExposure(host, read(tls))).not.toThrow();
  });

  test.each(['127.0.0.1', '::1', 'localhost'])('%s stays on this machine', (host) => {
    expect(() => requireMeantExposure(host, read({}))).not.toThrow();
  });
});

test('a Host is ours by its whole name', () => {
  const ours = ['graph.test'];
  for (const host of [
    'graph.test',
    'GRAPH.test:443',
    'localhost:4000',
    '127.0.0.1',
    '[::1]:4000',
  ]) {
    expect(isOurName(host, ours), host).toBe(true);
  }
  for (const host of [
    '',
    'evil.test',
    'graph.test.evil',
    'x.graph.test',
    'graph.test@evil',
    'graph.test:x',
    '[::2]',
    'graph.test:1:2',
  ]) {
    expect(isOurName(host, ours), host).toBe(false);
  }
});
