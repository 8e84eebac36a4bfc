import type { NetworkConfig } from './network-config.ts';

const loopbackNames = ['localhost', '127.0.0.1', '[::1]', '::1'];

/** Tells whether an address or name is that of this machine alone. */
export function isLoopback(host: string): boolean {
  return loopbackNames.includes(host.toLowerCase());
}

/**
 * Threat: tokens and records of patients in clear on a network, because someone set HOST.
 *
 * @throws Error with code PLAIN_HTTP_REFUSED when the process would speak plain HTTP beyond this
 * machine and nobody said that a proxy ends TLS
 */
export function requireMeantExposure(host: string, { tls, behindProxy }: NetworkConfig): void {
  if (tls !== undefined || behindProxy || isLoopback(host)) return;
  const message =
    `PLAIN_HTTP_REFUSED: on ${host} tokens and patient data would cross the network in clear. ` +
    'Set TLS_CERT_FILE and TLS_KEY_FILE, or BEHIND_PROXY=true when a proxy in front ends TLS.';
  throw Object.assign(new Error(message), { code: 'PLAIN_HTTP_REFUSED' });
}

/** Tells whether a Host header, with or without port, names this machine or this deployment. */
export function isOurName(host: string, allowedHosts: readonly string[]): boolean {
  const [, name = ''] = /^(\[[0-9a-f:]+\]|[^:[\]]+)(?::\d{1,5})?$/i.exec(host) ?? [];
  return isLoopback(name) || allowedHosts.includes(name.toLowerCase());
}
