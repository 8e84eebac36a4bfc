import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { AccountRecord } from '../account/account.store.ts';
import { requiresSecondFactor } from '../account/staff-facts.ts';
import { newPasswordErrors } from './new-password.ts';
import { choosePasswordPage, noticePage, recoveryCodesPage, setupPage } from './pages.ts';
import { rememberBrowser, type SceneDependencies } from './scene.ts';
import { openVisit, type Visit } from './visit.ts';

const params = z.object({ token: z.string().regex(/^[\w-]{43}$/) });
const interaction = 'enrolment';
/** As long as a step lasts; the link itself lives longer. */
const linkAgeS = 3_600;

/** The pages behind a one-time link: a password, then the second factor. */
export function installEnrolment(app: FastifyInstance, deps: SceneDependencies): void {
  installLink(app, deps);
  installPassword(app, deps);
  installSetup(app, deps);
}

const pathOf = ({ prefix }: SceneDependencies, page = ''): `/${string}` =>
  `/${prefix.replace(/^\//, '')}/enrol${page}`;

/**
 * Threat: the secret of a link stays in the history and goes out with the next address. Defence: it
 * is moved into a cookie at once, and looking at a link does not use it up.
 */
function installLink(app: FastifyInstance, deps: SceneDependencies): void {
  app.get('/enrol/:token', (request, reply) => {
    const visit = openVisit(deps, request, reply);
    const link = params.safeParse(request.params);
    if (!link.success) return showGone(visit);
    visit.setCookie('link', link.data.token, linkAgeS);
    return visit.goTo(pathOf(deps));
  });
  app.get('/enrol/ready', (request, reply) => {
    const visit = openVisit(deps, request, reply);
    return visit.show(noticePage(visit.t, 'enrolledTitle', 'enrolledText'));
  });
}

function installPassword(app: FastifyInstance, deps: SceneDependencies): void {
  const { enrolment, steps } = deps.accounts;
  const contextOf = (visit: Visit, { username }: AccountRecord) => ({
    ...{ t: visit.t, username, action: pathOf(deps) },
    token: visit.tokenFor(`${interaction}:password`),
  });

  app.get('/enrol', async (request, reply) => {
    const visit = openVisit(deps, request, reply);
    const account = await enrolment.ownerOf(visit.cookie('link') ?? '');
    if (account === undefined) return showGone(visit);
    return visit.show(choosePasswordPage({ ...contextOf(visit, account), errors: {} }));
  });

  app.post('/enrol', async (request, reply) => {
    const visit = openVisit(deps, request, reply);
    const form = visit.formOf(`${interaction}:password`);
    if (form === undefined) return reply;
    const link = visit.cookie('link') ?? '';
    const account = await enrolment.ownerOf(link);
    if (account === undefined) return showGone(visit);
    const show = (errors: Record<string, string>, problem?: string, status = 400) =>
      visit.show(choosePasswordPage({ ...contextOf(visit, account), errors, problem }), { status });
    const typing = newPasswordErrors(visit.t, form);
    if (typing) return show(typing);
    const verdict = await enrolment.useLink(link, form['new_password'] ?? '');
    switch (verdict.kind) {
      case 'busy':
        return show({}, visit.t.busy, 503);
      case 'gone':
        return showGone(visit);
      case 'refused':
        return show(newPasswordErrors(visit.t, form, verdict.because) ?? {});
      case 'set':
        break;
    }
    visit.setCookie('link', '', 0);
    visit.renewSecret();
    rememberBrowser(deps, visit, account.username);
    await steps.begin(visit.placeAt(interaction), account.staffId);
    return visit.goTo(pathOf(deps, '/setup'));
  });
}

function installSetup(app: FastifyInstance, deps: SceneDependencies): void {
  const { secondFactor, steps, records, staffOf } = deps.accounts;

  async function enter(request: FastifyRequest, reply: FastifyReply) {
    const visit = openVisit(deps, request, reply);
    const place = visit.placeAt(interaction);
    const staffId = await steps.find(place);
    const account = staffId === undefined ? undefined : await records.byStaffId(staffId);
    return { visit, place, account };
  }

  async function contextOf(visit: Visit, account: AccountRecord) {
    const staff = await staffOf(account.staffId);
    const isRequired = staff === undefined || requiresSecondFactor(staff);
    const laterAction = isRequired ? undefined : pathOf(deps, '/later');
    const token = visit.tokenFor(`${interaction}:setup`);
    return { t: visit.t, action: pathOf(deps, '/setup'), token, laterAction };
  }

  app.get('/enrol/setup', async (request, reply) => {
    const { visit, place, account } = await enter(request, reply);
    if (account === undefined) return showGone(visit);
    if (account.totpSecret) return visit.goTo(pathOf(deps, '/ready'));
    const offer = secondFactor.offer(account, place);
    return visit.show(setupPage({ ...(await contextOf(visit, account)), offer }));
  });

  app.post('/enrol/setup', async (request, reply) => {
    const { visit, place, account } = await enter(request, reply);
    const form = visit.formOf(`${interaction}:setup`);
    if (form === undefined) return reply;
    if (account === undefined) return showGone(visit);
    const { offer: sealed = '', code = '' } = form;
    const verdict = await secondFactor.enrol(account, { step: place, sealed, code });
    if (verdict.kind === 'enrolled') {
      const token = visit.tokenFor(`${interaction}:kept`);
      const context = { t: visit.t, action: pathOf(deps, '/kept'), token };
      return visit.show(recoveryCodesPage({ ...context, codes: verdict.recoveryCodes }));
    }
    const offer = secondFactor.reopen(account, place, sealed);
    if (verdict.kind === 'refused' || offer === undefined) {
      return visit.goTo(pathOf(deps, '/setup'));
    }
    const problem = code.trim() === '' ? visit.t.fieldMissing : visit.t.setupWrong;
    const context = { ...(await contextOf(visit, account)), offer, problem };
    return visit.show(setupPage(context), { status: 400 });
  });

  for (const [page, purpose] of [
    ['later', 'setup'],
    ['kept', 'kept'],
  ] as const) {
    app.post(`/enrol/${page}`, async (request, reply) => {
      const { visit, place } = await enter(request, reply);
      if (visit.formOf(`${interaction}:${purpose}`) === undefined) return reply;
      await steps.end(place);
      return visit.goTo(pathOf(deps, '/ready'));
    });
  }
}

function showGone(visit: Visit): FastifyReply {
  return visit.show(noticePage(visit.t, 'linkGoneTitle', 'linkGoneText'), { status: 410 });
}
