import type { Provider } from './service.ts';
import { talk } from './port.ts';

/**
 * A server that the environment names. It is used when something listens there; it belongs to
 * whoever started it, so stopping leaves it alone.
 */
export function namedServer(variable: string, defaultPort: number): Provider {
  return {
    name: variable,
    async provide() {
      const url = process.env[variable];
      if (url === undefined || url === '') return { unavailable: 'not set' };
      if (!URL.canParse(url)) return { unavailable: 'is not a URL' };
      const { hostname, port } = new URL(url);
      const host = hostname.replace(/^\[(.*)\]$/, '$1');
      const address = { host, port: port === '' ? defaultPort : Number(port) };
      const answer = await talk(address.host, address.port, { timeoutMs: 5000 });
      if (answer === undefined) {
        return { unavailable: `nothing listens on ${address.host}:${address.port}` };
      }
      return { url, origin: variable, stop: async () => {} };
    },
  };
}
