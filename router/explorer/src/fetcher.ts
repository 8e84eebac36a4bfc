import { useCallback, useRef } from 'react';
import type { Fetcher } from '@graphiql/toolkit';
import type { Session } from './identity.ts';
import { needsRenewal, type SignIn } from './sign-in.ts';

/** With what the next operation is sent. */
export type Credentials =
  | { readonly kind: 'session'; readonly session: Session }
  | { readonly kind: 'demo'; readonly signIn: SignIn }
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'none' };

export type Renew = () => Promise<readonly SignIn[]>;

/** Sends operations as whoever is chosen now; demo sign-ins are renewed shortly before they end. */
export function useFetcher(credentials: Credentials, renew: Renew): Fetcher {
  const current = useRef(credentials);
  current.current = credentials;
  return useCallback<Fetcher>(
    async (params, options) => {
      const answer = await post(current.current, JSON.stringify(params), options?.headers, renew);
      return typeof answer === 'string' ? { errors: [new Error(answer)] } : answer.json();
    },
    [renew],
  );
}

/** @returns the answer, or why nothing was asked */
async function post(
  credentials: Credentials,
  body: string,
  headers: Record<string, string> | undefined,
  renew: Renew,
): Promise<Response | string> {
  if (credentials.kind === 'none') return 'Sign in above first.';
  if (credentials.kind === 'session') {
    const { session } = credentials;
    if (session.expiresAtMs <= Date.now()) return 'Your sign-in has ended. Sign in again above.';
    return session.post(body, headers);
  }
  const token =
    credentials.kind === 'demo' ? await freshToken(credentials.signIn, renew) : credentials.token;
  if (token === '') return 'Enter an access token above first.';
  return fetch('/graphql', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${token}`,
      ...headers,
    },
    body,
  });
}

async function freshToken(signIn: SignIn, renew: Renew): Promise<string> {
  if (!needsRenewal(signIn, Date.now())) return signIn.token;
  const renewed = await renew();
  return renewed.find(({ label }) => label === signIn.label)?.token ?? signIn.token;
}
