import type { FastifyInstance } from 'fastify';
import type { Clock, IdSource } from '@caregraph/clock';
import type { Logger } from '@caregraph/observability';
import type { Accounts } from './account/accounts.ts';
import type { BrowserToken } from './provider/browser-pages.ts';
import type { Interactions } from './provider/interactions.ts';
import type { DeviceCodePages, ProviderPages } from './provider/pages.ts';
import type { Revocations } from './revocation/revocations.ts';
import type { StaffProjections } from './staff/staff.projection.ts';
import type { IdentityClient } from './store/client.ts';
import type { SealedValues } from './store/sealed-value.ts';

/** What the sign-in pages are built from. */
export interface SignInDependencies {
  readonly store: IdentityClient;
  readonly sealed: SealedValues;
  readonly staff: StaffProjections;
  readonly interactions: Interactions;
  readonly revocations: Revocations;
  /** Where clients reach this deployment, e.g. https://care.example */
  readonly publicUrl: string;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
}

/** The pages at `<prefix>/interaction/:uid` and below, and those of enrolment links. */
export interface SignIn {
  install(app: FastifyInstance, prefix: string): Promise<void>;
  /** Functions of oidc-provider's `features.deviceFlow` that set `ctx.body`. */
  readonly deviceCodePages: DeviceCodePages;
  readonly providerPages: ProviderPages;
  /** Left out by stand-ins, whose sign-ins any browser may finish. */
  readonly browserToken?: BrowserToken;
  /** Left out by stand-ins that let people in without credentials. */
  readonly accounts?: Accounts;
}

export type SignInFactory = (deps: SignInDependencies) => SignIn;
