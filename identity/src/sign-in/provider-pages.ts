import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import type { DeviceCodePages } from '../provider/pages.ts';
import { field } from './form-view.ts';
import { html, trusted, type Html } from './html.ts';
import { pageHeaders } from './page-headers.ts';
import { renderPage } from './page.ts';
import { failurePage, noticePage, type View } from './pages.ts';
import { chooseLanguage, isLanguage, translations, type Language } from './translation.ts';
import type { VisitDependencies } from './visit.ts';

type Features = NonNullable<Configuration['features']>;
type Logout = NonNullable<Features['rpInitiatedLogout']>;

/** The pages that the provider asks for itself. */
export interface ProviderPages {
  readonly deviceCode: Required<DeviceCodePages>;
  readonly signOut: Required<Pick<Logout, 'logoutSource' | 'postLogoutSuccessSource'>>;
  readonly renderError: NonNullable<Configuration['renderError']>;
}

const languageAgeS = 400 * 86_400;

/**
 * The provider's own pages in the dress and the languages of ours. Their forms come with the
 * provider's hidden fields, its own CSRF token among them.
 */
export function createProviderPages(deps: VisitDependencies): ProviderPages {
  const languageOf = (ctx: KoaContextWithOIDC): Language => {
    const lang = new URLSearchParams(ctx.querystring).get('lang') ?? undefined;
    if (isLanguage(lang)) {
      ctx.append('set-cookie', deps.cookies.write('language', lang, languageAgeS));
      return lang;
    }
    const uiLocales = ctx.oidc?.params?.['ui_locales'];
    return chooseLanguage({
      chosen: deps.cookies.read(ctx.req, 'language'),
      uiLocales: typeof uiLocales === 'string' ? uiLocales : undefined,
      acceptLanguage: ctx.get('accept-language'),
    });
  };
  const show = (ctx: KoaContextWithOIDC, language: Language, view: View, isError = false) => {
    ctx.set({ ...pageHeaders(deps.style) });
    ctx.type = 'html';
    ctx.body = renderPage(deps.style, { language, isError, ...view });
  };
  const notice =
    (title: Parameters<typeof noticePage>[1], text: Parameters<typeof noticePage>[2]) =>
    (ctx: KoaContextWithOIDC) => {
      const language = languageOf(ctx);
      const view = noticePage(translations[language], title, text);
      show(ctx, language, { ...view, offersLanguages: false });
    };
  return {
    deviceCode: {
      userCodeInputSource(ctx, form, _out, error) {
        const language = languageOf(ctx);
        // The code was right, but this person may not have a token for that device.
        if (error?.cause !== undefined) {
          const view = failurePage(translations[language], 'access_denied');
          return show(ctx, language, { ...view, offersLanguages: false });
        }
        return show(ctx, language, deviceInput(language, form, error), isRefusal(error));
      },
      userCodeConfirmSource(ctx, form, _client, _device, userCode) {
        const language = languageOf(ctx);
        show(ctx, language, deviceConfirm(language, form, userCode));
      },
      successSource: notice('deviceDoneTitle', 'deviceDoneText'),
    },
    signOut: {
      logoutSource(ctx, form) {
        const language = languageOf(ctx);
        show(ctx, language, signOut(language, form));
      },
      postLogoutSuccessSource: notice('signedOutTitle', 'signedOutText'),
    },
    renderError(ctx, out) {
      const language = languageOf(ctx);
      // Codes of OAuth are plain words; whatever a client sent is never shown again.
      const code = /^[a-z_]{1,60}$/.test(out.error) ? out.error : 'server_error';
      show(ctx, language, { ...failurePage(translations[language], code), offersLanguages: false });
    },
  };
}

function deviceInput(language: Language, form: string, error: Error | undefined): View {
  const t = translations[language];
  const refused = error?.name === 'NoCodeError' ? t.fieldMissing : t.deviceRefused;
  const input = field({
    ...{ name: 'user_code', label: t.deviceLabel, hint: t.deviceHint, autocomplete: 'off' },
    ...{ code: 'text', hasFocus: true },
    // An address that a device shows as a picture brings its code along.
    value: error ? '' : (/value="([\w-]*)"[^>]*type="text"/.exec(form)?.[1] ?? ''),
    error: isRefusal(error) ? refused : undefined,
  });
  const body = ownForm(form, html`${input}${button(t.continue)}`);
  return { title: t.deviceTitle, body };
}

/** Who says no on the page that asks has done nothing wrong. */
function isRefusal(error: Error | undefined): boolean {
  return error !== undefined && error.name !== 'AbortedError';
}

function deviceConfirm(language: Language, form: string, userCode: string): View {
  const t = translations[language];
  const yes = button(t.deviceYes);
  const no = button(t.deviceNo, { name: 'abort', isSecond: true });
  const body = html`<p>${t.deviceConfirmText}</p>
    <p class="secret" translate="no"><strong>${userCode}</strong></p>
    ${ownForm(form, html`${yes}${no}`)}`;
  return { title: t.deviceConfirmTitle, body, offersLanguages: false };
}

function signOut(language: Language, form: string): View {
  const t = translations[language];
  const yes = button(t.signOutYes, { name: 'logout' });
  const no = button(t.signOutNo, { isSecond: true });
  const body = html`<p>${t.signOutText}</p>
    ${ownForm(form, html`${yes}${no}`)}`;
  return { title: t.signOutTitle, body, offersLanguages: false };
}

/** The provider's form with our content: only its address and hidden fields are taken over. */
function ownForm(form: string, content: Html): Html {
  const action = /<form[^>]* action="([^"<>]*)"/.exec(form)?.[1] ?? '';
  const hidden = form.match(/<input type="hidden" name="[^"<>]*" value="[^"<>]*"\/>/g) ?? [];
  return html`<form method="post" action="${trusted(action)}" novalidate>
    ${trusted(hidden.join(''))}${content}
  </form>`;
}

function button(
  text: string,
  { name, isSecond = false }: { name?: 'abort' | 'logout'; isSecond?: boolean } = {},
): Html {
  const named = name && trusted(` name="${name}" value="yes"`);
  const second = isSecond && trusted(' class="second"');
  return html`<button type="submit" ${named}${second}>${text}</button>`;
}
