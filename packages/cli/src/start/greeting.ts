/** What a newcomer reads when everything runs. */
export function greeting(options: { url: string; token: string | undefined }): string {
  const { url, token } = options;
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
    'Another token: npm run caregraph -- token --as health-worker   (or --list)',
    'Stop: Ctrl-C',
    '',
  ].join('\n');
}
