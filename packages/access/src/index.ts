export {
  accessTokenClaims,
  actorFromClaims,
  type AccessTokenClaims,
  type Actor,
  type Confirmation,
} from './actor.ts';
export {
  breakGlassHeader,
  breakGlassReasons,
  connectBreakGlass,
  createBreakGlassAccess,
  createBreakGlassIssuer,
  createBreakGlassVerifier,
  longestGrantS,
  type BreakGlassAccess,
  type BreakGlassGrant,
  type BreakGlassIssuer,
  type BreakGlassVerifier,
} from './break-glass/index.ts';
export {
  createLocalReplayGuard,
  createRedisReplayGuard,
  type ReplayGuard,
} from './dpop/replay-guard.ts';
export type { ProofOptions } from './dpop/verify-proof.ts';
export { namedPolicies, type NamedPolicy } from './named-policy.ts';
export { permissionMatrix, permissions, permissionsOf, type Permission } from './permission.ts';
export {
  meets,
  permits,
  readRequirement,
  unknownNames,
  type AccessRequirement,
} from './requirement.ts';
export {
  createRedisRevocationFeed,
  type RevocationFeed,
} from './revocation/redis-revocation-feed.ts';
export {
  createRevocationList,
  type Revocation,
  type RevocationList,
  type RevocationRegister,
} from './revocation/revocation-list.ts';
export { purposes, purposesOf, roles, type Purpose, type Role } from './role.ts';
export {
  createRouterContextSigner,
  createRouterContextVerifier,
  type RouterContext,
} from './router-context/router-context.ts';
export { entityTypes, rootTypes } from './schema/access-demand.ts';
export { accessProblems } from './schema/access-problems.ts';
export { accessRulesOf, type AccessRules } from './schema/access-rules.ts';
export { scopeOf, type Scope } from './scope.ts';
export { isSignedDetached, signDetached, type SignedAs } from './token/detached-jws.ts';
export {
  createTokenIssuer,
  makeSigningKey,
  type SigningKey,
  type TokenIssuer,
  type TokenSubject,
} from './token/issue-token.ts';
export {
  connectVerifier,
  type ConnectedVerifier,
  type RevocationState,
} from './token/connect-verifier.ts';
export { readKeySet } from './token/key-set.ts';
export { createTokenVerifier, type Credentials, type TokenVerifier } from './token/verify-token.ts';
