import { BlockList, isIP, isIPv6 } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { RequestHandler } from './connection.ts';

const unknownSources = new WeakSet<object>();
const forwardedNames = ['x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port'];

/** What NetworkConfig says of proxies. */
interface Proxies {
  readonly behindProxy: boolean;
  readonly trustedProxies: readonly string[];
}

/** Who may say in `X-Forwarded-For` whom it asks for. */
export type Trust = (address: string) => boolean;

/**
 * The network address that a request comes from: that of the connection, or the one that a proxy of
 * TRUSTED_PROXIES names.
 *
 * Threat: behind a proxy that is not named, all people share one address; whoever counts by it lets
 * one of them lock all the others out.
 *
 * @returns undefined where it is not known, so that nobody counts by it
 * @example const source = sourceAddress(request); // '192.0.2.1'
 */
export function sourceAddress({ raw, ip }: Pick<FastifyRequest, 'raw' | 'ip'>): string | undefined {
  return unknownSources.has(raw) ? undefined : ip;
}

/** Tells whether an entry is an address or a network in CIDR notation, and not everybody. */
export function isProxyRange(entry: string): boolean {
  const [address = '', prefix, ...rest] = entry.split('/');
  const longest = isIPv6(address) ? 128 : 32;
  const isPrefix =
    prefix === undefined || (/^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= longest);
  return isIP(address) > 0 && isPrefix && rest.length === 0;
}

/** Makes the question whether an address is one of the proxies; an IPv4 one in IPv6 form too. */
export function createTrust({ trustedProxies }: Proxies): Trust {
  const list = new BlockList();
  for (const entry of trustedProxies) {
    const [address = '', prefix] = entry.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    list.addSubnet(address, Number(prefix ?? (family === 'ipv6' ? 128 : 32)), family);
  }
  return (address) => isIP(address) > 0 && list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** Remembers whose source is not known: a proxy's own address is nobody's in particular. */
export function installSourceAddress(
  app: FastifyInstance,
  { behindProxy, trustedProxies }: Proxies,
  isProxy: Trust,
): void {
  const nobodyKnown = behindProxy && trustedProxies.length === 0;
  app.addHook('onRequest', async ({ raw, ip }) => {
    // Threat: a word of the client's own in place of an address would be new at every try.
    if (nobodyKnown || isIP(ip) === 0 || isProxy(ip)) unknownSources.add(raw);
  });
}

/**
 * Only the address is taken from a proxy. Which name was asked for is said by Host alone, which the
 * list of names has checked; Fastify would believe a trusted proxy that passes on a client's own
 * `X-Forwarded-Host`.
 */
export function withoutForwardedNames(handle: RequestHandler): RequestHandler {
  return (raw, response) => {
    for (const name of forwardedNames) Reflect.deleteProperty(raw.headers, name);
    handle(raw, response);
  };
}
