import type { ReactNode } from 'react';
import type { Example } from './example.ts';
import { claimsOf, roleName, signInName, type SignIn } from './sign-in.ts';
import type { SessionState } from './use-session.ts';

/** The choices of "Who am I" that are no demo sign-ins. */
export const choices = { session: 'session', nobody: 'nobody', ownToken: 'own-token' } as const;

interface BarProps {
  readonly who: string;
  readonly onWho: (who: string) => void;
  readonly signIns: readonly SignIn[];
  /** Undefined where nobody can sign in. */
  readonly session: SessionState | undefined;
  readonly onToken: (token: string) => void;
  readonly examples: readonly Example[];
  readonly exampleId: string | undefined;
  readonly onExample: (id: string) => void;
}

/** Who asks, and what there is to ask. */
export function Bar(props: BarProps) {
  const { who, onWho, signIns, session, onToken, examples, exampleId, onExample } = props;
  const isNobody = session?.signedIn === undefined && signIns.length === 0;
  return (
    <header className="bar">
      <span className="brand">
        <img src="/explorer/favicon.svg" alt="" width="24" height="24" />
        CareGraph <span className="soft">explorer</span>
      </span>
      <div className="who">
        <Field name="Who am I">
          <select value={who} onChange={(event) => onWho(event.target.value)}>
            {session?.signedIn && (
              <option value={choices.session}>{sessionName(session.signedIn)}</option>
            )}
            {isNobody && session && <option value={choices.nobody}>Nobody yet</option>}
            {signIns.map((one) => (
              <option key={one.label} value={one.label}>
                {signInName(one)}
              </option>
            ))}
            <option value={choices.ownToken}>A token of my own…</option>
          </select>
        </Field>
        {session && <SignInButtons session={session} />}
      </div>
      {who === choices.ownToken && (
        <Field name="Access token">
          <input
            type="password"
            autoComplete="off"
            spellCheck={false}
            placeholder="paste, then Enter"
            onBlur={(event) => onToken(event.target.value.trim())}
            onKeyDown={(event) => {
              if (event.key === 'Enter') event.currentTarget.blur();
            }}
          />
        </Field>
      )}
      <Field name="Example">
        <select value={exampleId} onChange={(event) => onExample(event.target.value)}>
          {examples.map(({ id, title }) => (
            <option key={id} value={id}>
              {title}
            </option>
          ))}
        </select>
      </Field>
      {session && <Notice session={session} />}
    </header>
  );
}

function Field({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <label>
      <span className="soft">{name}</span>
      {children}
    </label>
  );
}

function SignInButtons({ session }: { readonly session: SessionState }) {
  const { signedIn, hasEnded, isBusy, signIn, signOut } = session;
  return (
    <>
      {(signedIn === undefined || hasEnded) && (
        <button type="button" className="first" disabled={isBusy} onClick={signIn}>
          {hasEnded ? 'Sign in again' : 'Sign in'}
        </button>
      )}
      {signedIn !== undefined && (
        <button type="button" disabled={isBusy} onClick={signOut}>
          Sign out
        </button>
      )}
    </>
  );
}

/** There from the start, so that a screen reader tells what comes into it. */
function Notice({ session: { complaint, hasEnded } }: { readonly session: SessionState }) {
  const text = complaint ?? (hasEnded ? 'Your sign-in has ended.' : undefined);
  return (
    <p role="status" className={complaint === undefined ? 'notice' : 'notice wrong'}>
      {text}
    </p>
  );
}

function sessionName({ session, name }: NonNullable<SessionState['signedIn']>): string {
  const role = roleName(claimsOf(session.token).role ?? 'Signed in');
  return name === undefined ? role : `${name}, ${role.toLowerCase()}`;
}
