import type { Configuration } from 'oidc-provider';

type Features = NonNullable<Configuration['features']>;

/** The pages of the device code, which sign-in draws. */
export type DeviceCodePages = Pick<
  NonNullable<Features['deviceFlow']>,
  'userCodeInputSource' | 'userCodeConfirmSource' | 'successSource'
>;

/** The provider's other pages: signing out, and what went wrong. */
export interface ProviderPages {
  readonly signOut: Pick<
    NonNullable<Features['rpInitiatedLogout']>,
    'logoutSource' | 'postLogoutSuccessSource'
  >;
  readonly renderError: NonNullable<Configuration['renderError']>;
}
