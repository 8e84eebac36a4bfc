import { expect, test } from 'vitest';
import { createIdSource, fixedClock } from '@caregraph/clock';
import { createRouterContextSigner, createRouterContextVerifier } from './router-context.ts';

const start = new Date('2026-03-01T08:00:00Z');
const clock = fixedClock(start);
const requestId = createIdSource(clock).next();
const key = new Uint8Array(32).fill(1);
const sign = createRouterContextSigner(key, clock);
const verify = createRouterContextVerifier(key, clock);
const refused = expect.objectContaining({ code: 'ROUTER_CONTEXT_REFUSED' }) as Error;

test('what the router says arrives', () => {
  expect(verify(sign({ requestId }, 'token'), 'token')).toEqual({ requestId });
  const withCertificate = { requestId, clientCertificateThumbprint: 'abc' };
  expect(verify(sign(withCertificate, 'token'), 'token')).toEqual(withCertificate);
});

test('what somebody else says does not', () => {
  const signed = sign({ requestId }, 'token');
  const [payload = '', mac = ''] = signed.split('.');
  const forged = Buffer.from(
    JSON.stringify({ ...(JSON.parse(Buffer.from(payload, 'base64url').toString()) as object) }),
  );
  const otherKey = createRouterContextSigner(new Uint8Array(32).fill(2), clock);
  for (const header of [
    '',
    '.',
    payload,
    `${payload}.`,
    `${payload}.AAAA`,
    `${payload}.${mac}.`,
    `x${payload}.${mac}`,
    `${Buffer.concat([forged, Buffer.from(' ')]).toString('base64url')}.${mac}`,
    otherKey({ requestId }, 'token'),
    sign({ requestId: 'not an id' }, 'token'),
  ]) {
    expect(() => verify(header, 'token')).toThrow(refused);
  }
});

test('a context does not fit another token, and does not keep', () => {
  const signed = sign({ requestId }, 'token');
  expect(() => verify(signed, 'another')).toThrow(refused);
  for (const offsetMs of [-200_000, 200_000]) {
    const then = fixedClock(new Date(start.getTime() + offsetMs));
    expect(() => createRouterContextVerifier(key, then)(signed, 'token')).toThrow(refused);
  }
});
