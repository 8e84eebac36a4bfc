import { errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider';
import {
  buildTokenResponse,
  checkDpopReplay,
  checkDpopRequired,
  validateDpop,
} from 'oidc-provider/lib/helpers/grants.js';
import { graphScope, narrowedScope } from '../provider/asked-scope.ts';
import type { TokenRequestNotes } from '../provider/token-claims.ts';
import type { StaffProjections } from '../staff/staff.projection.ts';
import { throwUnavailable } from '../provider/token-claims.ts';
import type { RefreshFamilies, RefreshFamily } from './refresh-family.store.ts';

export interface RefreshGrantDeps {
  readonly families: RefreshFamilies;
  readonly staff: StaffProjections;
  readonly notes: TokenRequestNotes;
  /** The graph as a resource, and what its tokens are like. */
  readonly resourceServer: (clientScope: string | undefined) => {
    readonly scope: string;
    readonly audience: string;
  };
  readonly resource: string;
}

/**
 * Puts our refresh grant in the place of the provider's, which finds and consumes in two steps and
 * has no answer to a lost answer. The steps, in order:
 * 1. the token names its family, of this client;
 * 2. the DPoP proof is good, new, and of the family's key;
 * 3. the person still works here (nothing is rotated while that cannot be known);
 * 4. the family turns, in one statement;
 * 5. an access token is issued that carries the family's id.
 */
export function registerRefreshGrant(provider: Provider, deps: RefreshGrantDeps): void {
  const handler = async (ctx: KoaContextWithOIDC): Promise<void> => {
    const sent = ctx.oidc.params?.['refresh_token'];
    if (typeof sent !== 'string') throw new errors.InvalidRequest('refresh_token is missing');
    const { client } = ctx.oidc;
    if (client === undefined) throw new errors.InvalidClient();
    const proof = await validateDpop(provider, ctx);
    checkDpopRequired(provider, ctx, proof);
    const family = await deps.families.find(sent);
    if (family?.clientId !== client.clientId) throw new errors.InvalidGrant('unknown token');
    if ((family.jkt ?? undefined) !== proof?.thumbprint) {
      throw new errors.InvalidGrant('the token is bound to another key');
    }
    await checkDpopReplay(provider, ctx, proof, client.clientId);
    await requireStaff(deps, family);
    const scope = narrowedScope(family.scope, ctx.oidc.params?.['scope']);
    const verdict = await deps.families.rotate(
      { token: sent, clientId: client.clientId, jkt: proof?.thumbprint, certificate: undefined },
      family,
    );
    if (verdict.kind === 'refused') throw new errors.InvalidGrant('the token is not valid');
    ctx.body = await answer(provider, deps, ctx, { family, scope, token: verdict.token });
  };
  provider.registerGrantType('refresh_token', handler, ['refresh_token', 'scope', 'resource']);
}

async function requireStaff(deps: RefreshGrantDeps, family: RefreshFamily): Promise<void> {
  const verdict = await deps.staff.factsOf(family.staffId).catch(throwUnavailable);
  if (verdict.kind === 'known') return;
  await deps.families.revoke({ staffId: family.staffId }, 'dismissed');
  throw new errors.InvalidGrant('the person has left');
}

async function answer(
  provider: Provider,
  deps: RefreshGrantDeps,
  ctx: KoaContextWithOIDC,
  turned: { family: RefreshFamily; scope: string; token: string },
): Promise<Record<string, unknown>> {
  const { client } = ctx.oidc;
  const { family, scope, token } = turned;
  if (client === undefined) throw new errors.InvalidClient();
  const note = deps.notes.of(ctx);
  note.familyId = family.id;
  note.deviceId = family.deviceId ?? undefined;
  const access = new provider.AccessToken({
    accountId: family.staffId,
    client,
    grantId: family.grantId,
    gty: 'refresh_token',
  });
  access.resourceServer = new provider.ResourceServer(
    deps.resource,
    deps.resourceServer(undefined),
  );
  access.scope = graphScope(scope);
  if (family.jkt !== null) access.setThumbprint('jkt', family.jkt);
  ctx.oidc.entity('AccessToken', access);
  const value = await access.save();
  return buildTokenResponse(provider, {
    accessToken: value,
    expiresIn: access.expiration,
    refreshToken: token,
    scope: access.scope === '' ? undefined : access.scope,
    tokenType: access.tokenType,
  });
}
