import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { KeyServiceError } from '../key-service-error.ts';
import type { VaultClient } from './vault-client.ts';
import { invalidAnswer } from './vault-transport.ts';

/**
 * How we show Vault who we are. Files are read again at each sign-in, because an agent or
 * Kubernetes replaces them; links are followed, because mounted secrets are links.
 */
export type VaultAuth =
  | { readonly method: 'token'; readonly token: string }
  | { readonly method: 'token'; readonly tokenFile: string }
  | {
      readonly method: 'approle';
      readonly roleId: string;
      readonly secretIdFile: string;
      /** Where the method is mounted; its own name when left out. */
      readonly mount?: string | undefined;
    }
  | {
      readonly method: 'kubernetes';
      readonly role: string;
      readonly tokenFile: string;
      readonly mount?: string | undefined;
    };

/** A token of Vault and how long it lasts. */
export interface VaultLease {
  readonly token: string;
  /** 0: as long as nobody revokes it. */
  readonly leaseMs: number;
  readonly renewable: boolean;
}

const seconds = z
  .number()
  .int()
  .min(0)
  .transform((count) => count * 1000);
const signedIn = z.object({
  auth: z.object({
    client_token: z.string().min(1),
    lease_duration: seconds,
    renewable: z.boolean(),
  }),
});
const looked = z.object({
  data: z.object({ ttl: seconds, renewable: z.boolean().default(false) }),
});

/** Signs in, and makes a lease of what Vault answers. */
export async function signIn(client: VaultClient, auth: VaultAuth): Promise<VaultLease> {
  switch (auth.method) {
    case 'token': {
      const token = 'token' in auth ? auth.token : await readSecret(auth.tokenFile);
      return lookUp(client, token);
    }
    case 'approle': {
      const body = { role_id: auth.roleId, secret_id: await readSecret(auth.secretIdFile) };
      return logIn(client, auth.mount ?? 'approle', body);
    }
    case 'kubernetes': {
      const body = { role: auth.role, jwt: await readSecret(auth.tokenFile) };
      return logIn(client, auth.mount ?? 'kubernetes', body);
    }
  }
}

/** Makes the token last longer. Near its greatest age Vault grants less than was asked for. */
export async function renewLease(client: VaultClient, { token }: VaultLease): Promise<VaultLease> {
  const path = 'auth/token/renew-self';
  return leaseIn(await client.call({ method: 'POST', path, body: {}, token }));
}

async function logIn(client: VaultClient, mount: string, body: object): Promise<VaultLease> {
  try {
    return leaseIn(await client.call({ method: 'POST', path: `auth/${mount}/login`, body }));
  } catch (error) {
    // Vault answers a wrong role, secret id or service account with 400.
    if (!(error instanceof KeyServiceError) || error.code !== 'KEY_SERVICE_MISCONFIGURED')
      throw error;
    throw new KeyServiceError('KEY_SERVICE_DENIED', `Vault does not sign us in at auth/${mount}`);
  }
}

/** A token that somebody else made: only Vault knows how long it lasts. */
async function lookUp(client: VaultClient, token: string): Promise<VaultLease> {
  const answer = await client.call({ method: 'GET', path: 'auth/token/lookup-self', token });
  const parsed = looked.safeParse(answer);
  if (!parsed.success) throw invalidAnswer('Vault does not say how long our token lasts');
  return { token, leaseMs: parsed.data.data.ttl, renewable: parsed.data.data.renewable };
}

function leaseIn(answer: unknown): VaultLease {
  const parsed = signedIn.safeParse(answer);
  // Its issues are not passed on: they could quote the token.
  if (!parsed.success) throw invalidAnswer('Vault signed us in without a token');
  const { client_token: token, lease_duration: leaseMs, renewable } = parsed.data.auth;
  return { token, leaseMs, renewable };
}

async function readSecret(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const secret = text.trim();
  if (/^[\x21-\x7e]+$/.test(secret)) return secret;
  const explanation = `${path} cannot be read, or has no secret in it`;
  throw new KeyServiceError('KEY_SERVICE_MISCONFIGURED', explanation);
}
