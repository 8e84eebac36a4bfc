import type { FastifyRequest } from 'fastify';
import type { RouterContext as VouchedContext } from '@caregraph/access';
import { clientCertificateThumbprint } from '@caregraph/network';

/** What goes on from the client as it came; every subgraph checks each of them itself. */
const forwarded = ['authorization', 'dpop', 'x-purpose', 'x-break-glass'] as const;

/**
 * The headers of every fetch that a request leads to. Whatever else the client sent ends here.
 *
 * @param sign signs what the router vouches for, bound to the access token
 */
export function subgraphHeaders(
  request: FastifyRequest,
  sign: (context: VouchedContext, accessToken: string) => string,
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of forwarded) {
    const value = request.headers[name];
    if (typeof value === 'string') headers[name] = value;
  }
  const accessToken = (headers['authorization'] ?? '').replace(/^\S+ /, '');
  const thumbprint = clientCertificateThumbprint(request);
  headers['x-router-context'] = sign(
    {
      requestId: request.id,
      ...(thumbprint === undefined ? {} : { clientCertificateThumbprint: thumbprint }),
    },
    accessToken,
  );
  return headers;
}
