import type { WriteError } from '@caregraph/network';

/** OAuth's own words where it has some (RFC 6749 §4.1.2.1, §5.2); `code` tells the rest. */
const oauthErrors: Readonly<Record<string, string>> = {
  DRAINING: 'temporarily_unavailable',
  SUBGRAPH_UNAVAILABLE: 'temporarily_unavailable',
  INTERNAL: 'server_error',
  FORBIDDEN: 'access_denied',
};

/** What identity says of a request that no route of it answered: an OAuth error. */
export const writeOAuthError: WriteError = ({ message, ...extensions }) => ({
  type: 'application/json; charset=utf-8',
  body: JSON.stringify({
    error: oauthErrors[extensions.code] ?? 'invalid_request',
    error_description: message,
    ...extensions,
  }),
});
