import { useCallback, useEffect, useMemo, useState } from 'react';
import { GraphiQL } from 'graphiql';
import { Bar, choices } from './bar.tsx';
import { examplesFor, fillBlanks } from './example.ts';
import { useFetcher, type Credentials, type Renew } from './fetcher.ts';
import { fetchProvider, takeAnswer, type Provider } from './identity.ts';
import { claimsOf, fetchSignIns, type SignIn } from './sign-in.ts';
import { openSession, useSession, type SessionState, type SignedIn } from './use-session.ts';

const allSubgraphs = 'everyone';

/**
 * Threat: what is typed here may name patients. It lives as long as the browser tab and is not
 * left behind on a machine that others use.
 */
const tabStorage = window.sessionStorage;

interface Opened {
  readonly provider: Provider | null;
  readonly session: SignedIn | string | undefined;
}

export function Explorer() {
  const [signIns, setSignIns] = useState<readonly SignIn[] | undefined>();
  const [opened, setOpened] = useState<Opened>();
  const [problem, setProblem] = useState<string>();
  const load = useCallback(async () => {
    const loaded = await fetchSignIns();
    setSignIns(loaded);
    return loaded;
  }, []);
  useEffect(() => {
    const open = async () => {
      const answer = takeAnswer();
      const [provider] = await Promise.all([fetchProvider(), load()]);
      setOpened({ provider, session: await openSession(provider, answer) });
    };
    open().catch((error: unknown) => setProblem(String(error)));
  }, [load]);
  if (problem !== undefined) return <p className="opening">{problem}</p>;
  if (signIns === undefined || opened === undefined) {
    return <p className="opening">Opening the explorer…</p>;
  }
  return <Workbench signIns={signIns} renew={load} opened={opened} />;
}

interface WorkbenchProps {
  readonly signIns: readonly SignIn[];
  readonly renew: Renew;
  readonly opened: Opened;
}

function Workbench({ signIns, renew, opened: { provider, session: opened } }: WorkbenchProps) {
  const session = useSession(provider, opened);
  const [who, setWho] = useState(() => firstChoice(session, signIns, provider));
  const [typedToken, setTypedToken] = useState('');
  const credentials = credentialsOf(who, session, signIns, typedToken);
  const token = tokenOf(credentials);
  const role =
    (credentials.kind === 'demo' ? credentials.signIn.role : claimsOf(token).role) ?? allSubgraphs;
  const examples = useMemo(() => examplesFor(role), [role]);
  const [exampleId, setExampleId] = useState(examples[0]?.id);
  const chosen = examples.find(({ id }) => id === exampleId) ?? examples[0];
  const fetcher = useFetcher(credentials, renew);
  const query = useMemo(
    () => fillBlanks(chosen?.query ?? '', claimsOf(token)),
    // Not on every renewal of the token: what someone has edited stays.
    [chosen, who, typedToken],
  );

  return (
    <>
      <Bar
        who={who}
        onWho={(next) => {
          setWho(next);
          setExampleId(undefined);
        }}
        signIns={signIns}
        session={provider === null ? undefined : session}
        onToken={setTypedToken}
        examples={examples}
        exampleId={chosen?.id}
        onExample={setExampleId}
      />
      <GraphiQL
        // The schema is asked for anew once there is a token to ask with.
        key={credentials.kind === 'token' ? typedToken : credentials.kind}
        fetcher={fetcher}
        forcedTheme="system"
        storage={tabStorage}
        query={query}
        variables="{}"
        response=""
        defaultEditorToolsVisibility={false}
        showPersistHeadersSettings={false}
      >
        <GraphiQL.Logo> </GraphiQL.Logo>
      </GraphiQL>
    </>
  );
}

function firstChoice(
  { signedIn }: SessionState,
  signIns: readonly SignIn[],
  provider: Provider | null,
): string {
  if (signedIn !== undefined) return choices.session;
  return signIns[0]?.label ?? (provider === null ? choices.ownToken : choices.nobody);
}

function credentialsOf(
  who: string,
  { signedIn }: SessionState,
  signIns: readonly SignIn[],
  typedToken: string,
): Credentials {
  if (who === choices.ownToken) return { kind: 'token', token: typedToken };
  if (who === choices.session && signedIn) return { kind: 'session', session: signedIn.session };
  const signIn = signIns.find(({ label }) => label === who);
  return signIn === undefined ? { kind: 'none' } : { kind: 'demo', signIn };
}

function tokenOf(credentials: Credentials): string {
  if (credentials.kind === 'session') return credentials.session.token;
  if (credentials.kind === 'demo') return credentials.signIn.token;
  return credentials.kind === 'token' ? credentials.token : '';
}
