import type { DemoSignIn } from './demo.ts';

/** What a newcomer reads when everything runs. */
export function greeting(options: {
  url: string;
  token: string | undefined;
  signIns: readonly DemoSignIn[];
}): string {
  const { url, token, signIns } = options;
  const lines = [
    '',
    'CareGraph is running.',
    `  graph     ${url}/graphql`,
    `  explorer  ${url}/explorer`,
    `  health    ${url}/ready`,
  ];
  if (token === undefined) return [...lines, ''].join('\n');
  const query =
    '{ prescriptions(first: 2) { edges { node { state prescriber { name } institution { name } ' +
    'patient { name birthDate latestCheckup { visitType occurredAt } ' +
    'accessHistory(first: 1) { edges { node { purpose occurredAt } } } } } } } }';
  return [
    ...lines,
    '',
    'Ask it something (the token is good for ten minutes; the explorer renews its own):',
    '',
    `  curl -s ${url}/graphql -H 'content-type: application/json' \\`,
    `    -H 'authorization: Bearer ${token}' \\`,
    `    -d '${JSON.stringify({ query })}'`,
    '',
    ...signInLines(signIns),
    'Another token: npm run caregraph -- token --as health-worker   (or --list)',
    'Stop: Ctrl-C',
    '',
  ].join('\n');
}

function signInLines(signIns: readonly DemoSignIn[]): string[] {
  if (signIns.length === 0) return [];
  const lines = signIns.map(({ username, password, needsCode }) => {
    const code = needsCode ? `   code: npm run caregraph -- code --as ${username}` : '';
    return `  ${username.padEnd(18)}${password}${code}`;
  });
  return [
    'Where a page asks you to sign in (the passwords were made for this machine):',
    ...lines,
    '',
  ];
}
