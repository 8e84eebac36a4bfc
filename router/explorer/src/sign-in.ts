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

/** A label that begins with the role already says it. */
export function signInName({ label, role }: Pick<SignIn, 'label' | 'role'>): string {
  const name = roleName(role);
  return label.toLowerCase().startsWith(name.toLowerCase()) ? label : `${name} · ${label}`;
}

/** What the page may want to know of a token's owner; read from the token, not verified here. */
export interface Claims {
  readonly role: string | undefined;
  readonly areaId: string | undefined;
  readonly deviceId: string | undefined;
}

export function claimsOf(token: string): Claims {
  try {
    const payload = token.split('.')[1] ?? '';
    const claims = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))) as {
      roles?: string[];
      areas?: string[];
      device?: string;
    };
    return { role: claims.roles?.[0], areaId: claims.areas?.[0], deviceId: claims.device };
  } catch {
    // Someone is still typing a token: examples then keep their blanks.
    return { role: undefined, areaId: undefined, deviceId: undefined };
  }
}
