import { useCallback, useEffect, useState } from 'react';
import {
  beginSignIn,
  completeSignIn,
  leave,
  SignInRefused,
  type Provider,
  type Session,
} from './identity.ts';

/** What the page knows of the person who signed in. */
export interface SignedIn {
  readonly session: Session;
  /** Undefined where the graph tells none. */
  readonly name: string | undefined;
}

export interface SessionState {
  readonly signedIn: SignedIn | undefined;
  /** The time of the token is over; its session at the issuer may not be. */
  readonly hasEnded: boolean;
  /** Something that went wrong, for the person to read. */
  readonly complaint: string | undefined;
  readonly isBusy: boolean;
  readonly signIn: () => void;
  readonly signOut: () => void;
}

/** Comes back from the issuer, or stays as it is. @returns what the page opens with */
export async function openSession(
  provider: Provider | null,
  answer: URLSearchParams | undefined,
): Promise<SignedIn | string | undefined> {
  if (provider === null || answer === undefined) return undefined;
  try {
    const session = await completeSignIn(provider, answer);
    return { session, name: await nameOf(session) };
  } catch (error) {
    if (error instanceof SignInRefused) return error.message;
    throw error;
  }
}

/** The sign-in of this page: one person, until the token or the tab ends. */
export function useSession(
  provider: Provider | null,
  opened: SignedIn | string | undefined,
): SessionState {
  const [signedIn] = useState(typeof opened === 'object' ? opened : undefined);
  const [complaint, setComplaint] = useState(typeof opened === 'string' ? opened : undefined);
  const [hasEnded, setHasEnded] = useState(false);
  const [isBusy, setIsBusy] = useState(false);
  useEffect(() => {
    if (signedIn === undefined) return undefined;
    const restMs = signedIn.session.expiresAtMs - Date.now();
    const timer = setTimeout(() => setHasEnded(true), restMs);
    return () => clearTimeout(timer);
  }, [signedIn]);
  const go = useCallback(
    (way: (provider: Provider) => Promise<void>) => {
      if (provider === null) return;
      setIsBusy(true);
      setComplaint(undefined);
      way(provider).catch(() => {
        setIsBusy(false);
        setComplaint('The sign-in page does not answer. Try again.');
      });
    },
    [provider],
  );
  // Whoever comes back with the browser's button finds the page as it was left, busy.
  useEffect(() => {
    const rest = () => setIsBusy(false);
    addEventListener('pageshow', rest);
    return () => removeEventListener('pageshow', rest);
  }, []);
  return {
    ...{ signedIn, hasEnded, complaint, isBusy },
    signIn: useCallback(() => go(beginSignIn), [go]),
    signOut: useCallback(() => go(leave), [go]),
  };
}

/** A graph without people in it, or one that does not answer now, leaves the name out. */
async function nameOf(session: Session): Promise<string | undefined> {
  try {
    const answer = await session.post(JSON.stringify({ query: 'query Me { me { name } }' }));
    const { data } = (await answer.json()) as { data?: { me?: { name?: string } | null } | null };
    return data?.me?.name;
  } catch {
    return undefined;
  }
}
