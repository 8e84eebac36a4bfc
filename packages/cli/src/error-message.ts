const notUpToDate = (state: string) =>
  `a store is not up to date (${state}): run caregraph migrate`;

/** States of which another run of the same command makes nothing better. */
const told: Readonly<Record<string, (state: string) => string>> = {
  '42P01': notUpToDate,
  '42883': notUpToDate,
  '3F000': notUpToDate,
  '3D000': (state) =>
    `a database is not there (${state}): CAREGRAPH_DATA or DATABASE_URL_… names another place, ` +
    'or it is lost and is restored from its backup',
};

/**
 * What a person is told when a command fails: the message of our own errors, and of those of the
 * operating system. What a database says quotes rows, so only its code is told.
 */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return 'the command failed';
  const state = sqlStateOf(error);
  if (state === undefined) return error.message;
  return (
    told[state]?.(state) ??
    `a store refused (${state}); run the command again: it goes on where it was`
  );
}

/** The SQLSTATE of a database's error. EROFS has five characters as well, but no digit; E2BIG a call. */
function sqlStateOf(error: Error): string | undefined {
  if ('syscall' in error || !('code' in error) || typeof error.code !== 'string') return undefined;
  return /^(?=.*\d)[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined;
}
