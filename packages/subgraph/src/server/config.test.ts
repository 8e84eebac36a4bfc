import { expect, test } from 'vitest';
import { readSubgraphConfig } from './config.ts';

const key = Buffer.alloc(32, 7).toString('base64');
const complete = {
  PORT: '4001',
  DATABASE_URL: 'postgresql://patient:pw@127.0.0.1:5432/patient',
  TOKEN_ISSUER: 'https://identity.test',
  TOKEN_AUDIENCE: 'https://caregraph.test',
  JWKS_URL: 'https://identity.test/jwks',
  GRAPH_URL: 'https://graph.test/graphql',
  ROUTER_CONTEXT_KEY: key,
  BREAK_GLASS_JWKS_URL: 'https://patient.test/break-glass/jwks',
  OPERATION_HASH_KEY: key,
  DATABASE_URL_KEYS: 'postgresql://patient:pw@127.0.0.1:5432/keys',
  KEY_SERVICE: 'key-file',
  KEK_FILE: 'kek.json',
  EVENT_DELIVERY_KEY: key,
};

test('what is complete is read, with its defaults', () => {
  expect(readSubgraphConfig(complete)).toMatchObject({
    HOST: '127.0.0.1',
    PORT: 4001,
    EVENT_SUBSCRIBER_URLS: [],
    LOG_LEVEL: 'info',
  });
});

test('every missing variable is named at once', () => {
  const read = () => readSubgraphConfig({});
  const required = Object.keys(complete).filter(
    (name) => !['KEY_SERVICE', 'KEK_FILE'].includes(name),
  );
  for (const name of required) expect(read).toThrow(name);
});

test.each(['KEY_SERVICE', 'KEK_FILE'])('%s is asked for when it is needed', (name) => {
  const { [name]: _left, ...rest } = complete as Record<string, string>;
  expect(() => readSubgraphConfig(rest)).toThrow(name);
});

test.each([
  ['PORT', '70000'],
  ['DATABASE_URL', 'hunter2'],
  ['TOKEN_ISSUER', 'hunter2'],
  ['JWKS_URL', 'hunter2'],
  ['OPERATION_HASH_KEY', 'hunter2'],
  ['DATABASE_URL_KEYS', 'hunter2'],
  ['EVENT_DELIVERY_KEY', 'hunter2'],
  ['EVENT_SUBSCRIBER_URLS', 'https://a.test,hunter2'],
  ['PHONE_REGION', 'hunter2'],
  ['LOG_LEVEL', 'hunter2'],
])('a wrong %s is named, without its value', (name, value) => {
  let message = '';
  try {
    readSubgraphConfig({ ...complete, [name]: value });
  } catch (error) {
    message = String(error);
  }
  expect(message).toContain(`${name}`);
  expect(message).not.toContain(value);
});
