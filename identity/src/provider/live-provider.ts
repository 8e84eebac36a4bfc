import type { Provider } from 'oidc-provider';

/** The provider of the present keys: a rotation puts a new one in its place between requests. */
export interface LiveProvider {
  current(): Provider;
  renew(): void;
}

/**
 * The library reads its keys once. What it keeps is all in the store, so another instance goes on
 * where the last one was; requests under way end with the keys that they began with.
 */
export function createLiveProvider(make: () => Provider): LiveProvider {
  let provider: Provider | undefined;
  return {
    current: () => (provider ??= make()),
    renew: () => {
      provider = make();
    },
  };
}
