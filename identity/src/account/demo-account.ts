import { createSealedValues, type SealedValues } from '../store/sealed-value.ts';
import { base32, totpCode, totpStep } from './totp.ts';

/** What a made-up person signs in with. */
export interface DemoCredentials {
  readonly username: string;
  readonly password: string;
  readonly totpSecret: Uint8Array;
  /** The code of the authenticator app that this person would have. */
  codeAt(now: Date): string;
}

const passwordGroups = /.{5}/g;

/**
 * The credentials of a made-up person. They follow from the deployment's own key, so that they are
 * random for everyone else, the same at every start, and written down nowhere.
 */
export function demoCredentialsOf(sealed: SealedValues, username: string): DemoCredentials {
  const bytes = sealed.derive(`demo password:${username}`).subarray(0, 13);
  const password = base32(bytes).toLowerCase().match(passwordGroups)?.join('-') ?? '';
  const totpSecret = sealed.derive(`demo authenticator:${username}`).subarray(0, 20);
  return {
    ...{ username, password, totpSecret },
    codeAt: (now) => totpCode(totpSecret, totpStep(now)),
  };
}

/**
 * The same, for a command line that has the key file and no store.
 *
 * @param sealingKey `identitySealing` of the key file
 * @example demoCredentials(keys.identitySealing, 'clinician-1').codeAt(new Date());
 */
export function demoCredentials(sealingKey: Uint8Array, username: string): DemoCredentials {
  return demoCredentialsOf(createSealedValues(sealingKey), username);
}
