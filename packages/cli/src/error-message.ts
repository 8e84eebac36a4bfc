/**
 * What a person is told when a command fails: the message of our own errors. What a database says
 * quotes rows, so only its code is told.
 */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return 'the command failed';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (code === '42P01' || code === '42883' || code === '3F000') {
    return `a store is not up to date (${code}): run caregraph migrate`;
  }
  if (code !== undefined && /^[0-9A-Z]{5}$/.test(code)) {
    return `a store refused (${code}); run the command again: it goes on where it was`;
  }
  return error.message;
}
