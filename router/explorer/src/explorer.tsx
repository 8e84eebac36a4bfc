import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { GraphiQL } from 'graphiql';
import type { Fetcher } from '@graphiql/toolkit';
import { examplesFor, fillBlanks } from './example.ts';
import { fetchSignIns, needsRenewal, roleName, whereaboutsOf, type SignIn } from './sign-in.ts';

const ownToken = 'own-token';
const allSubgraphs = 'everyone';

/**
 * Threat: what is typed here may name patients. It lives as long as the browser tab and is not
 * left behind on a machine that others use.
 */
const tabStorage = window.sessionStorage;

export function Explorer() {
  const [signIns, setSignIns] = useState<readonly SignIn[] | undefined>();
  const [problem, setProblem] = useState<string>();
  const load = useCallback(async () => {
    const loaded = await fetchSignIns();
    setSignIns(loaded);
    return loaded;
  }, []);
  useEffect(() => {
    load().catch((error: unknown) => setProblem(String(error)));
  }, [load]);
  if (problem !== undefined) return <p className="opening">{problem}</p>;
  if (signIns === undefined) return <p className="opening">Opening the explorer…</p>;
  return <Workbench signIns={signIns} renew={load} />;
}

interface WorkbenchProps {
  readonly signIns: readonly SignIn[];
  readonly renew: () => Promise<readonly SignIn[]>;
}

function Workbench({ signIns, renew }: WorkbenchProps) {
  const [who, setWho] = useState(signIns[0]?.label ?? ownToken);
  const [typedToken, setTypedToken] = useState('');
  const signIn = signIns.find(({ label }) => label === who);
  const examples = useMemo(() => examplesFor(signIn?.role ?? allSubgraphs), [signIn?.role]);
  const [exampleId, setExampleId] = useState(examples[0]?.id);
  const chosen = examples.find(({ id }) => id === exampleId);
  const fetcher = useFetcher(signIn, typedToken, renew);
  const query = useMemo(
    () => fillBlanks(chosen?.query ?? '', whereaboutsOf(signIn?.token ?? typedToken)),
    // Not on every renewal of the token: what someone has edited stays.
    [chosen, who, typedToken],
  );

  function changeWho(next: string) {
    setWho(next);
    const role = signIns.find(({ label }) => label === next)?.role ?? allSubgraphs;
    setExampleId(examplesFor(role)[0]?.id);
  }

  return (
    <>
      <header className="bar">
        <span className="brand">
          <img src="/explorer/favicon.svg" alt="" width="24" height="24" />
          CareGraph <span className="soft">explorer</span>
        </span>
        <label>
          <span className="soft">Who am I</span>
          <select value={who} onChange={(event) => changeWho(event.target.value)}>
            {signIns.map(({ label, role }) => (
              <option key={label} value={label}>
                {roleName(role)} · {label}
              </option>
            ))}
            <option value={ownToken}>A token of my own…</option>
          </select>
        </label>
        {who === ownToken && (
          <label>
            <span className="soft">Access token</span>
            <input
              type="password"
              autoComplete="off"
              spellCheck={false}
              placeholder="paste, then Enter"
              onBlur={(event) => setTypedToken(event.target.value.trim())}
              onKeyDown={(event) => {
                if (event.key === 'Enter') event.currentTarget.blur();
              }}
            />
          </label>
        )}
        <label>
          <span className="soft">Example</span>
          <select value={exampleId} onChange={(event) => setExampleId(event.target.value)}>
            {examples.map(({ id, title }) => (
              <option key={id} value={id}>
                {title}
              </option>
            ))}
          </select>
        </label>
      </header>
      <GraphiQL
        // The schema is asked for anew once there is a token to ask with.
        key={signIn === undefined ? typedToken : 'signed-in'}
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

/** Sends operations with the token of whoever is chosen now, renewed shortly before it ends. */
function useFetcher(
  signIn: SignIn | undefined,
  typedToken: string,
  renew: WorkbenchProps['renew'],
): Fetcher {
  const current = useRef({ signIn, typedToken });
  current.current = { signIn, typedToken };
  return useCallback<Fetcher>(
    async (params, options) => {
      const token = await currentToken(current.current, renew);
      if (token === '') return { errors: [new Error('Enter an access token above first.')] };
      const answer = await fetch('/graphql', {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${token}`,
          ...options?.headers,
        },
        body: JSON.stringify(params),
      });
      return answer.json();
    },
    [renew],
  );
}

async function currentToken(
  { signIn, typedToken }: { signIn: SignIn | undefined; typedToken: string },
  renew: WorkbenchProps['renew'],
): Promise<string> {
  if (signIn === undefined) return typedToken;
  if (!needsRenewal(signIn, Date.now())) return signIn.token;
  const renewed = await renew();
  return renewed.find(({ label }) => label === signIn.label)?.token ?? signIn.token;
}
