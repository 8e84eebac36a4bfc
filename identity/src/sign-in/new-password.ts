import type { PasswordRefusal } from '../account/password-rules.ts';
import type { TextKey, Translation } from './translation.ts';
import type { FormValues } from './visit.ts';

const texts = {
  too_short: 'newPasswordTooShort',
  too_long: 'newPasswordTooLong',
  common: 'newPasswordCommon',
  personal: 'newPasswordPersonal',
  same: 'newPasswordSame',
} as const satisfies Record<PasswordRefusal, TextKey>;

/** What is wrong with the two fields of a new password, by field; undefined when nothing is. */
export function newPasswordErrors(
  t: Translation,
  form: FormValues,
  refusal?: PasswordRefusal,
): Record<string, string> | undefined {
  const first = form['new_password'] ?? '';
  const second = form['new_password_repeat'] ?? '';
  if (refusal !== undefined) return { new_password: t[texts[refusal]] };
  if (first === '') return { new_password: t.fieldMissing };
  if (first !== second) return { new_password_repeat: t.newPasswordDiffers };
  return undefined;
}
