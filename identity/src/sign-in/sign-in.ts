import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { faultCatalogue, isFault } from '@caregraph/fault';
import { createAccounts, type Accounts } from '../account/accounts.ts';
import type { SignIn, SignInDependencies } from '../sign-in-contract.ts';
import { installChangePassword } from './change-password.routes.ts';
import { installCodeStep } from './code-step.ts';
import { createCookies } from './cookies.ts';
import { installEnrolment } from './enrolment.routes.ts';
import { createFormGuard } from './form-guard.ts';
import { readPageStyle } from './page.ts';
import { installPasswordStep } from './password-step.ts';
import { createProviderPages, type ProviderPages } from './provider-pages.ts';
import { resumeOf, type SceneDependencies } from './scene.ts';
import { installSetupStep } from './setup-step.ts';
import { openVisit } from './visit.ts';

export interface SignInWithPages extends SignIn {
  readonly providerPages: ProviderPages;
  readonly accounts: Accounts;
}

const maxFormBytes = 16_384;

/**
 * The pages where people sign in, and those around them: one-time links, passwords, devices.
 *
 * @example
 *   const signIn = createSignIn({ store, sealed, staff, interactions, publicUrl, clock, ids, log });
 *   await signIn.install(app, '/identity');
 */
export function createSignIn(deps: SignInDependencies): SignInWithPages {
  const { store, sealed, clock, ids, publicUrl, staff } = deps;
  const accounts = createAccounts({
    ...{ store, sealed, clock, ids, revocations: deps.revocations },
    async staffOf(staffId) {
      const verdict = await staff.factsOf(staffId);
      if (verdict.kind === 'gone') return undefined;
      return { role: verdict.facts.role, dismissed: false };
    },
  });
  const visits = {
    cookies: createCookies(publicUrl),
    guard: createFormGuard(sealed.derive('form token'), publicUrl),
    style: readPageStyle(),
  };
  const providerPages = createProviderPages(visits);
  return {
    accounts,
    providerPages,
    deviceCodePages: providerPages.deviceCode,
    browserToken(request, uid) {
      const secret = visits.cookies.read(request, 'form');
      return secret === undefined ? undefined : visits.guard.tokenFor(secret, resumeOf(uid));
    },
    async install(app, prefix) {
      const { interactions } = deps;
      const scene = { ...visits, accounts, interactions, prefix };
      limitUserCodes(app, scene);
      await app.register(async (scope) => installPages(scope, scene, deps), { prefix });
    },
  };
}

function installPages(
  scope: FastifyInstance,
  scene: SceneDependencies,
  { log }: SignInDependencies,
): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: maxFormBytes },
    (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  );
  scope.setErrorHandler((error, request, reply) => {
    const { status, code } = failureOf(error);
    // Neither address nor form: both may hold secrets.
    log.warn('a sign-in page failed', { code, status, ...(status >= 500 ? { error } : {}) });
    return openVisit(scene, request, reply).showFailure(status, code);
  });
  installPasswordStep(scope, scene);
  installCodeStep(scope, scene);
  installSetupStep(scope, scene);
  installEnrolment(scope, scene);
  installChangePassword(scope, scene);
}

function failureOf(error: unknown): { readonly status: number; readonly code: string } {
  if (isFault(error)) return { status: faultCatalogue[error.code].status, code: error.code };
  const status = statusOf(error);
  return status >= 400 && status < 500
    ? { status, code: 'BAD_REQUEST' }
    : { status: 500, code: 'INTERNAL' };
}

function statusOf(error: unknown): number {
  const isMarked = error instanceof Error && 'statusCode' in error;
  return isMarked && typeof error.statusCode === 'number' ? error.statusCode : 500;
}

/**
 * Threat: someone signed in guesses the codes of other people's tablets. The provider's page has no
 * limit of its own, so tries are taken before it sees them. The address has one spelling: the
 * provider is not reached by any other (see mount.ts).
 */
function limitUserCodes(app: FastifyInstance, scene: SceneDependencies): void {
  const path = `${scene.prefix}/device`;
  app.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    if (request.method !== 'POST' || request.url.split('?')[0] !== path) return undefined;
    const visit = openVisit(scene, request, reply);
    const { budgets } = scene.accounts;
    const grant = await budgets.take([{ kind: 'userCode', subject: visit.source }]);
    if (grant.kind === 'granted') return undefined;
    reply.header('retry-after', String(grant.retryAfterS));
    return visit.showFailure(429, 'RATE_LIMITED');
  });
}
