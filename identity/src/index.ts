export { demoCredentials, type DemoCredentials } from './account/demo-account.ts';
export { createIdentity, type Identity, type IdentityDependencies } from './identity.ts';
export { readIdentityConfig } from './config.ts';
export {
  makeFirstAdministrator,
  type FirstAdministrator,
  type FirstAdministratorDeps,
} from './first-administrator.ts';
export { partnerRegistration, type PartnerRegistration } from './partner/partner-keys.ts';
export { openIdentity, type OpenIdentity } from './server/open-identity.ts';
export type { SignIn, SignInDependencies, SignInFactory } from './sign-in-contract.ts';
