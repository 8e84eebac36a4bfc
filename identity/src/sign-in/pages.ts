import encodeQR from 'qr';
import type { OfferedSecret } from '../account/second-factor.ts';
import { alert, field, form } from './form-view.ts';
import { html, trusted, type Html } from './html.ts';
import { say, type TextKey, type Translation } from './translation.ts';

/** What every page with a form gets. */
export interface FormContext {
  readonly t: Translation;
  /** Where the form goes. */
  readonly action: string;
  readonly token: string;
  /** What is wrong, for the form as a whole. */
  readonly problem?: string | undefined;
}

export type FieldErrors = Readonly<Record<string, string | undefined>>;

export interface View {
  readonly title: string;
  readonly body: Html;
  readonly offersLanguages?: boolean;
}

export function signInPage(
  context: FormContext & { username: string; changeHref: string; errors: FieldErrors },
): View {
  const { t, username, errors, problem } = context;
  const name = { name: 'username', label: t.username, autocomplete: 'username' } as const;
  const secret = { name: 'password', label: t.password, type: 'password' } as const;
  const hasName = username !== '';
  const fields = [
    field({ ...name, value: username, error: errors['username'], hasFocus: !hasName }),
    field({
      ...secret,
      autocomplete: 'current-password',
      error: errors['password'],
      hasFocus: hasName,
    }),
  ];
  const body = html`${alert(problem)}${form({ ...context, fields, submit: t.signInTitle })}
    <p class="aside quiet">${t.signInHelp}</p>
    <p class="aside"><a href="${context.changeHref}">${t.changeTitle}</a></p>`;
  return { title: t.signInTitle, body };
}

/** The page of the second factor: a code of the app. */
export function codePage(context: FormContext & { otherHref: string }): View {
  const { t, problem, otherHref } = context;
  const fields = [codeField(t, { hint: t.codeHint, error: problem })];
  const body = html`${form({ ...context, fields, submit: t.continue })}
    <p class="aside"><a href="${otherHref}">${t.codeNoPhone}</a></p>`;
  return { title: t.codeTitle, body };
}

export function recoveryPage(context: FormContext & { otherHref: string }): View {
  const { t, problem: error, otherHref } = context;
  const code = { name: 'code', label: t.recoveryLabel, hint: t.recoveryHint, error } as const;
  const fields = [field({ ...code, autocomplete: 'off', code: 'text', hasFocus: true })];
  const body = html`${form({ ...context, fields, submit: t.continue })}
    <p class="aside"><a href="${otherHref}">${t.recoveryUseApp}</a></p>`;
  return { title: t.recoveryTitle, body };
}

export interface SetupContext extends FormContext {
  readonly offer: OfferedSecret;
  /** Where "not now" leads, for those who may go without. */
  readonly laterAction: string | undefined;
}

export function setupPage(context: SetupContext): View {
  const { t, offer, problem, token, laterAction } = context;
  const svg = encodeQR(offer.uri, 'svg', { ecc: 'medium' });
  const fields = [codeField(t, { label: t.setupCode, error: problem })];
  const hidden = { offer: offer.sealed };
  const later = laterAction && {
    ...{ action: laterAction, token, fields: [], submit: t.setupLater, isSecond: true },
  };
  const body = html`<p>${t.setupWhy}</p>
    <p>${t.setupScan}</p>
    <div class="qr" role="img" aria-label="${t.setupQr}">${trusted(svg)}</div>
    <p>${t.setupType}</p>
    <p class="secret" translate="no">${offer.text.replace(/(.{4})(?=.)/g, '$1 ')}</p>
    ${form({ ...context, fields, hidden, submit: t.continue })} ${later ? form(later) : undefined}`;
  return { title: t.setupTitle, body };
}

export function recoveryCodesPage(context: FormContext & { codes: readonly string[] }): View {
  const { t, codes } = context;
  const items = codes.map((code) => html`<li>${code}</li>`);
  const body = html`<p>${t.codesHint}</p>
    <ol class="codes" translate="no">
      ${items}
    </ol>
    ${form({ ...context, fields: [], submit: t.codesKept })}`;
  return { title: t.codesTitle, body, offersLanguages: false };
}

export function choosePasswordPage(
  context: FormContext & { username: string; errors: FieldErrors },
): View {
  const { t, username, problem } = context;
  const fields = newPasswordFields(t, context.errors, true);
  // Password managers store the name with the password when they see both in one form.
  const name = html`<input
    type="text"
    class="unseen"
    name="username"
    autocomplete="username"
    value="${username}"
    tabindex="-1"
    aria-hidden="true"
    readonly
  />`;
  const body = html`<p>${say(t.chooseFor, { username })}</p>
    ${alert(problem)} ${form({ ...context, fields: [name, ...fields], submit: t.newPasswordSave })}`;
  return { title: t.chooseTitle, body };
}

export function changePasswordPage(
  context: FormContext & { username: string; errors: FieldErrors },
): View {
  const { t, username, errors, problem } = context;
  const name = { name: 'username', label: t.username, autocomplete: 'username' } as const;
  const current = { name: 'password', label: t.changeCurrent, type: 'password' } as const;
  const fields = [
    field({ ...name, value: username, error: errors['username'], hasFocus: username === '' }),
    field({ ...current, autocomplete: 'current-password', error: errors['password'] }),
    codeField(t, { label: t.changeCode, isOptional: true }),
    ...newPasswordFields(t, errors, false),
  ];
  const body = html`${alert(problem)}${form({ ...context, fields, submit: t.newPasswordSave })}`;
  return { title: t.changeTitle, body };
}

/** A page that only says something. */
export function noticePage(t: Translation, title: TextKey, text: TextKey): View {
  return { title: t[title], body: html`<p role="status">${t[text]}</p>` };
}

/** What people see when the flow itself fails; the code is for whoever helps them. */
export function failurePage(t: Translation, code: string, text = t.errorText): View {
  const body = html`<p role="alert">${text} <code translate="no">${code}</code></p>`;
  return { title: t.errorHeading, body };
}

function newPasswordFields(t: Translation, errors: FieldErrors, hasFocus: boolean): Html[] {
  const secret = { type: 'password', autocomplete: 'new-password' } as const;
  const first = { name: 'new_password', label: t.newPassword, hint: t.newPasswordRules };
  const second = { name: 'new_password_repeat', label: t.newPasswordRepeat };
  return [
    field({ ...secret, ...first, error: errors['new_password'], hasFocus }),
    field({ ...secret, ...second, error: errors['new_password_repeat'] }),
  ];
}

function codeField(
  t: Translation,
  view: { label?: string; hint?: string; error?: string | undefined; isOptional?: boolean },
): Html {
  const code = { name: 'code', autocomplete: 'one-time-code', code: 'numeric' } as const;
  return field({ label: t.codeLabel, hasFocus: !view.isOptional, ...code, ...view });
}
