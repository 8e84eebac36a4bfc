import type { FastifyInstance, FastifyReply } from 'fastify';
import type { AccountRecord } from '../account/account.store.ts';
import { newPasswordErrors } from './new-password.ts';
import { changePasswordPage, noticePage, type FieldErrors } from './pages.ts';
import { browserOf, rememberBrowser, type SceneDependencies } from './scene.ts';
import { openVisit, type FormValues, type Visit } from './visit.ts';

const purpose = 'change-password';

interface Answer {
  readonly errors?: FieldErrors;
  readonly problem?: string;
  readonly status?: number;
  readonly retryAfterS?: number;
}

/**
 * Changing one's password. It asks for everything again, so that a browser that was left open
 * changes nothing, and it answers unknown names as it does wrong passwords and wrong codes.
 */
export function installChangePassword(app: FastifyInstance, deps: SceneDependencies): void {
  const { accounts, prefix } = deps;
  const path = (page = ''): `/${string}` => `/${prefix.replace(/^\//, '')}/password${page}`;

  function show(visit: Visit, username: string, answer: Answer = {}): FastifyReply {
    const { errors = {}, problem, status = 200, retryAfterS } = answer;
    const token = visit.tokenFor(purpose);
    const context = { t: visit.t, action: path(), token, username: username.slice(0, 128) };
    const view = changePasswordPage({ ...context, errors, problem });
    return visit.show(view, { status, ...(retryAfterS === undefined ? {} : { retryAfterS }) });
  }

  app.get('/password', (request, reply) => show(openVisit(deps, request, reply), ''));

  app.get('/password/changed', (request, reply) => {
    const visit = openVisit(deps, request, reply);
    return visit.show(noticePage(visit.t, 'changedTitle', 'changedText'));
  });

  app.post('/password', async (request, reply) => {
    const visit = openVisit(deps, request, reply);
    const form = visit.formOf(purpose);
    if (form === undefined) return reply;
    const username = form['username'] ?? '';
    const errors = missing(visit, form) ?? newPasswordErrors(visit.t, form);
    if (errors) return show(visit, username, { errors, status: 400 });
    const proven = await prove(deps, visit, form);
    if ('problem' in proven) return show(visit, username, proven);
    const { staffId } = proven.account;
    const atHand = await deps.interactions.sessionAtHand(request, reply, staffId);
    const changed = await accounts.enrolment.changePassword(
      proven.account,
      form['new_password'] ?? '',
      atHand?.grantIds,
    );
    if (changed.kind === 'busy') {
      return show(visit, username, { problem: visit.t.busy, status: 503, retryAfterS: 5 });
    }
    if (changed.kind === 'refused') {
      const refused = newPasswordErrors(visit.t, form, changed.because) ?? {};
      return show(visit, username, { errors: refused, status: 400 });
    }
    if (changed.kind === 'gone') {
      return show(visit, username, { problem: visit.t.changeRefused, status: 400 });
    }
    await atHand?.renew();
    rememberBrowser(deps, visit, proven.account.username);
    visit.renewSecret();
    return visit.goTo(path('/changed'));
  });
}

/** Password and, where there is one, second factor; what is wrong is not told apart. */
async function prove(
  deps: SceneDependencies,
  visit: Visit,
  form: FormValues,
): Promise<{ readonly account: AccountRecord } | (Answer & { readonly problem: string })> {
  const { t } = visit;
  const refused = { problem: t.changeRefused, status: 400 };
  const waiting = (retryAfterS: number) => ({
    ...{ problem: visit.waitText(retryAfterS), status: 429, retryAfterS },
  });
  const verdict = await deps.accounts.verifyPassword({
    username: form['username'] ?? '',
    password: form['password'] ?? '',
    source: visit.source,
    browserCookie: visit.cookie('known'),
  });
  if (verdict.kind === 'refused') return refused;
  if (verdict.kind === 'busy') return { problem: t.busy, status: 503, retryAfterS: 5 };
  if (verdict.kind === 'away') return { problem: t.away, status: 503, retryAfterS: 30 };
  if (verdict.kind === 'wait') return waiting(verdict.retryAfterS);
  const { account } = verdict;
  if (account.totpSecret === undefined) return { account };
  const browser = browserOf(deps, visit, account.username);
  const typed = form['code'] ?? '';
  const code = await deps.accounts.secondFactor.checkCode(account, typed, browser);
  if (code.kind === 'wait') return waiting(code.retryAfterS);
  return code.kind === 'accepted' ? { account } : refused;
}

function missing({ t }: Visit, form: FormValues): FieldErrors | undefined {
  const empty = ['username', 'password'].filter((name) => (form[name] ?? '').trim() === '');
  if (empty.length === 0) return undefined;
  return Object.fromEntries(empty.map((name) => [name, t.fieldMissing]));
}
