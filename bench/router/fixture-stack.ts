import { createTokenIssuer, makeSigningKey } from '@caregraph/access';
import { createIdSource, systemClock } from '@caregraph/clock';
import { composeSupergraph } from '@caregraph/schema-registry';
import { fixtureSubgraphs } from './fixture-graph.ts';

/** A clinician's token that outlasts a bench, and what verifies it. */
export async function makeSignIn() {
  const key = await makeSigningKey();
  const [issuer, audience] = ['https://bench.caregraph.invalid', 'https://caregraph.invalid/graph'];
  const [clock, ids] = [systemClock, createIdSource(systemClock)];
  const tokens = createTokenIssuer({
    key,
    issuer,
    audience,
    clientId: 'bench',
    documents: 'free',
    clock,
    ids,
  });
  const token = await tokens.issue(
    {
      id: ids.next(),
      roles: ['clinician'],
      institutionId: ids.next(),
      areaRoots: [ids.next()],
      purposes: ['treatment'],
    },
    1_800,
  );
  return { token, issuer, audience, keys: { keys: [key.publicJwk] } };
}

export function urlsUnder(url: string): Record<string, string> {
  return Object.fromEntries(Object.keys(fixtureSubgraphs).map((name) => [name, `${url}/${name}`]));
}

/** @param sdlOf another schema for the same content */
export function compose(
  urls: Readonly<Record<string, string>>,
  sdlOf: (sdl: string) => string = (sdl) => sdl,
): string {
  const composition = composeSupergraph(
    Object.entries(fixtureSubgraphs).map(([name, { sdl }]) => ({
      name,
      url: urls[name] ?? '',
      typeDefs: [{ path: `${name}.graphql`, text: sdlOf(sdl) }],
    })),
  );
  if (composition.kind === 'refused') throw new Error(JSON.stringify(composition.problems));
  return composition.supergraphSdl;
}
