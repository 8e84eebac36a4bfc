import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { sourceAddress } from '@caregraph/network';
import type { CookieName, Cookies } from './cookies.ts';
import type { FormGuard } from './form-guard.ts';
import { pageHeaders } from './page-headers.ts';
import { renderPage, type PageStyle } from './page.ts';
import { failurePage, type View } from './pages.ts';
import {
  chooseLanguage,
  isLanguage,
  say,
  translations,
  type Language,
  type Translation,
} from './translation.ts';

export interface VisitDependencies {
  readonly cookies: Cookies;
  readonly guard: FormGuard;
  readonly style: PageStyle;
}

export type FormValues = Readonly<Record<string, string>>;

export interface ShowOptions {
  readonly status?: number;
  readonly isError?: boolean;
  /** Where the form may lead in the end: the address of the client that asked for the sign-in. */
  readonly leadsTo?: string | undefined;
  readonly retryAfterS?: number;
}

/** One browser at one page: its language, its secret, and what it is shown. */
export interface Visit {
  readonly t: Translation;
  readonly language: Language;
  /** What tries are counted by: the network address, or where that is unknown the browser. */
  readonly source: string;
  /** Names this browser at this interaction; only both together find a step again. */
  placeAt(interaction: string): string;
  tokenFor(purpose: string): string;
  /** @returns the values of a form of ours, or undefined after the refusal was shown */
  formOf(purpose: string): FormValues | undefined;
  cookie(name: CookieName): string | undefined;
  setCookie(name: CookieName, value: string, maxAgeS?: number): void;
  /** A new secret, so that nothing made before a sign-in is worth anything after it. */
  renewSecret(): void;
  show(view: View, options?: ShowOptions): FastifyReply;
  showFailure(status: number, code: string): FastifyReply;
  waitText(retryAfterS: number): string;
  /** On to another page of ours; only paths of this server can be named. */
  goTo(path: `/${string}`): FastifyReply;
}

const secretPattern = /^[\w-]{43}$/;
const languageAgeS = 400 * 86_400;
const query = z.object({ lang: z.string().max(10).optional().catch(undefined) }).catch({});
const values = z.record(z.string(), z.string()).catch({});

/** Receives a browser: reads what it brought, gives it what it lacks. */
export function openVisit(
  deps: VisitDependencies,
  request: FastifyRequest,
  reply: FastifyReply,
  uiLocales?: string,
): Visit {
  const { cookies, guard, style } = deps;
  const language = languageOf(deps, request, reply, uiLocales);
  const t = translations[language];
  const known = cookies.read(request, 'form');
  let secret = known !== undefined && secretPattern.test(known) ? known : makeSecret(deps, reply);
  const show = (view: View, options: ShowOptions = {}) => {
    const { status = 200, isError = status >= 400, leadsTo, retryAfterS } = options;
    if (retryAfterS !== undefined) reply.header('retry-after', String(retryAfterS));
    reply.code(status).headers(pageHeaders(style, leadsTo)).type('text/html; charset=utf-8');
    return reply.send(renderPage(style, { language, isError, ...view }));
  };
  const showFailure = (status: number, code: string) => show(failurePage(t, code), { status });
  return {
    ...{ t, language, show, showFailure, source: sourceOf(sourceAddress(request), secret) },
    placeAt: (interaction) => `${interaction}:${secret}`,
    tokenFor: (purpose) => guard.tokenFor(secret, purpose),
    formOf(purpose) {
      const form = values.parse(request.body);
      const token = form['form_token'];
      const refusal = guard.refusalOf(request, { browserSecret: secret, purpose, token });
      if (refusal === undefined) return form;
      void show(failurePage(t, 'FORM_REFUSED', t.formRefused), { status: 403 });
      return undefined;
    },
    cookie: (name) => cookies.read(request, name),
    setCookie(name, value, maxAgeS) {
      reply.header('set-cookie', cookies.write(name, value, maxAgeS));
    },
    renewSecret() {
      secret = makeSecret(deps, reply);
    },
    waitText: (seconds) => say(t.wait, { minutes: Math.ceil(seconds / 60) }),
    goTo: (path) => reply.headers(pageHeaders(style)).redirect(path, 303),
  };
}

function makeSecret({ cookies }: VisitDependencies, reply: FastifyReply): string {
  const secret = randomBytes(32).toString('base64url');
  reply.header('set-cookie', cookies.write('form', secret));
  return secret;
}

function languageOf(
  { cookies }: VisitDependencies,
  request: FastifyRequest,
  reply: FastifyReply,
  uiLocales: string | undefined,
): Language {
  const { lang } = query.parse(request.query);
  if (isLanguage(lang)) {
    reply.header('set-cookie', cookies.write('language', lang, languageAgeS));
    return lang;
  }
  const chosen = cookies.read(request, 'language');
  const acceptLanguage = request.headers['accept-language'];
  return chooseLanguage({ chosen, uiLocales, acceptLanguage });
}

/**
 * An IPv6 customer has a network of 2^64 addresses, so the network is what counts.
 *
 * Threat: behind an unnamed proxy all people have one address, and any of them could use up the
 * tries of all. A browser that forgets its secret is not counted then; the account still is.
 */
function sourceOf(address: string | undefined, secret: string): string {
  if (address === undefined) return `browser:${secret}`;
  if (!address.includes(':') || address.startsWith('::ffff:')) return address;
  const [head = '', tail] = address.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const middle = tail === undefined ? [] : Array<string>(8 - front.length - back.length).fill('0');
  return [...front, ...middle, ...back].slice(0, 4).join(':');
}
