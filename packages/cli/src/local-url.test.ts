import { expect, test } from 'vitest';
import { readEmbeddedConfig } from './config.ts';
import { localGraphqlUrl } from './local-url.ts';

test.each([
  [{}, 'http://127.0.0.1:4000/graphql'],
  [{ PORT: '4100' }, 'http://127.0.0.1:4100/graphql'],
  [{ HOST: '10.0.0.7', PORT: '80' }, 'http://10.0.0.7:80/graphql'],
  [{ HOST: '0.0.0.0' }, 'http://127.0.0.1:4000/graphql'],
  [{ HOST: '::' }, 'http://[::1]:4000/graphql'],
  [{ PUBLIC_URL: 'https://clinic.example' }, 'http://127.0.0.1:4000/graphql'],
  [
    { PUBLIC_URL: 'https://clinic.example', TLS_CERT_FILE: 'c', TLS_KEY_FILE: 'k' },
    'https://clinic.example/graphql',
  ],
])('the address under %o is %s', (environment, url) => {
  expect(localGraphqlUrl(readEmbeddedConfig(environment))).toBe(url);
});
