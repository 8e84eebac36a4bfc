export { actorFromClaims, type Actor, type AccessTokenClaims } from './actor.ts';
export { permissionMatrix, permissions, permissionsOf, type Permission } from './permission.ts';
export { authenticated, enforce, requires, type Policy } from './policy.ts';
export { purposes, roles, type Purpose, type Role } from './role.ts';
export { scopeOf, type Scope } from './scope.ts';
export {
  createTokenIssuer,
  makeSigningKey,
  type SigningKey,
  type TokenIssuer,
  type TokenSubject,
} from './token/issue-token.ts';
export { createTokenVerifier, type TokenVerifier } from './token/verify-token.ts';
