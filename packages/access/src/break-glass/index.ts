export { createBreakGlassAccess, type BreakGlassAccess } from './break-glass-access.ts';
export { connectBreakGlass } from './connect-break-glass.ts';
export {
  breakGlassHeader,
  breakGlassReasons,
  longestGrantS,
  type BreakGlassGrant,
} from './break-glass-grant.ts';
export { createBreakGlassIssuer, type BreakGlassIssuer } from './issue-grant.ts';
export { createBreakGlassVerifier, type BreakGlassVerifier } from './verify-grant.ts';
