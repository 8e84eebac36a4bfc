/** What the router offers at /explorer/sign-ins. */
export interface SignIn {
  readonly label: string;
  readonly role: string;
  readonly token: string;
  readonly expiresAt: string;
}

const renewBeforeMs = 30_000;

export async function fetchSignIns(): Promise<readonly SignIn[]> {
  const answer = await fetch('/explorer/sign-ins', { headers: { accept: 'application/json' } });
  if (!answer.ok) throw new Error(`The sign-ins could not be loaded (${answer.status}).`);
  return (await answer.json()) as SignIn[];
}

/** Whether a sign-in is about to end, so that the page should ask for new ones. */
export function needsRenewal({ expiresAt }: SignIn, nowMs: number): boolean {
  return Date.parse(expiresAt) - nowMs < renewBeforeMs;
}

const roleNames: Readonly<Record<string, string>> = {
  health_worker: 'Health worker',
  clinician: 'Clinician',
  pharmacist: 'Pharmacist',
  institution_admin: 'Institution admin',
  auditor: 'Auditor',
  partner: 'Partner system',
  platform_admin: 'Platform admin',
};

export function roleName(role: string): string {
  return roleNames[role] ?? role;
}

/** What an example may need to know of whoever signs in; read from the token, not verified here. */
export interface Whereabouts {
  readonly areaId: string | undefined;
  readonly deviceId: string | undefined;
}

export function whereaboutsOf(token: string): Whereabouts {
  try {
    const payload = token.split('.')[1] ?? '';
    const claims = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))) as {
      areas?: string[];
      device?: string;
    };
    return { areaId: claims.areas?.[0], deviceId: claims.device };
  } catch {
    // Someone is still typing a token: examples then keep their blanks.
    return { areaId: undefined, deviceId: undefined };
  }
}
