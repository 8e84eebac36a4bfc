import type { FastifyInstance } from 'fastify';
import type { NetworkConfig } from './network-config.ts';

/**
 * Listens, and says where.
 *
 * @param at.port 0 lets the system choose one
 * @returns the address that clients use
 * @throws Error with code PORT_TAKEN
 * @example const url = await listen(app, { host: '127.0.0.1', port: 4000, network });
 */
export async function listen(
  app: FastifyInstance,
  at: { readonly host: string; readonly port: number; readonly network: NetworkConfig },
): Promise<string> {
  const { host, port, network } = at;
  try {
    const address = await app.listen({ host, port });
    return network.tls === undefined ? address : address.replace(/^http:/, 'https:');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    const message = `PORT_TAKEN: port ${port} on ${host} is in use. Stop what uses it or set PORT.`;
    throw Object.assign(new Error(message, { cause: error }), { code: 'PORT_TAKEN' });
  }
}
