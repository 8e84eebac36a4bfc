import { Provider, type AccessToken, type ClientCredentials } from 'oidc-provider';
import type { Clock } from '@caregraph/clock';
import type { Revocations, RevocationSubject } from '../revocation/revocations.ts';
import type { GrantDevices } from './grant-device.ts';
import { unavailable, type TokenRequestNote, type TokenRequestNotes } from './token-claims.ts';

/**
 * Says when a token was issued. Revocations void tokens by that second, so it has to be the one in
 * which its request began, before anything was read for it: a role or a sign-out that comes in
 * between voids it. Where a revocation was made in that very second, the token is of the next one.
 */
export function registerIssueInstant(
  provider: Provider,
  deps: {
    readonly clock: Clock;
    readonly notes: TokenRequestNotes;
    readonly revocations: Pick<Revocations, 'issueSecond'>;
    readonly devices: GrantDevices;
  },
): void {
  const { clock, notes, revocations, devices } = deps;
  provider.use(async (ctx, next) => {
    // The provider's middleware makes its own context of this very object.
    notes.of(ctx as unknown as Parameters<TokenRequestNotes['of']>[0]).startedAt = clock.now();
    await next();
  });
  const issuedAt = async (token: AccessToken | ClientCredentials): Promise<number> => {
    const note = notes.of(Provider.ctx);
    const { startedAt } = note;
    if (startedAt === undefined) throw new Error('a token is issued in a request without a start');
    const second = await revocations.issueSecond(startedAt, await subjectsOf(token, note, devices));
    if (second !== undefined) return second;
    // Try again: what is known of the person or the partner by then is of after the change.
    throw unavailable('access changed meanwhile');
  };
  for (const { prototype } of [provider.AccessToken, provider.ClientCredentials]) {
    const model: { save(this: AccessToken | ClientCredentials): Promise<string> } = prototype;
    const { save } = model;
    model.save = async function saveAtItsSecond() {
      this.iat = await issuedAt(this);
      this.exp = this.iat + this.expiration;
      return save.call(this);
    };
  }
}

/** What a revocation of would void the token. */
async function subjectsOf(
  token: AccessToken | ClientCredentials,
  note: TokenRequestNote,
  devices: GrantDevices,
): Promise<RevocationSubject[]> {
  const { clientId } = token;
  if (clientId === undefined) throw new Error('a token is issued without a client');
  const named: [RevocationSubject['kind'], string | undefined][] = [['client', clientId]];
  if (token.kind === 'ClientCredentials') named.push(['subject', clientId]);
  else {
    const { accountId, grantId, sessionUid } = token;
    const granted = grantId === undefined ? undefined : await devices.of(grantId);
    named.push(['subject', accountId], ['session', note.familyId ?? sessionUid]);
    named.push(['device', note.deviceId ?? granted]);
  }
  return named.flatMap(([kind, subject]) => (subject === undefined ? [] : [{ kind, subject }]));
}
