import type { FastifyInstance, FastifyReply } from 'fastify';
import { requiresSecondFactor } from '../account/staff-facts.ts';
import { signInPage } from './pages.ts';
import { completeSignIn, enterScene, type Scene, type SceneDependencies } from './scene.ts';

interface Answer {
  readonly username: string;
  readonly problem?: string;
  readonly errors?: Readonly<Record<string, string | undefined>>;
  readonly status?: number;
  readonly retryAfterS?: number;
}

/** The first page: user name and password. */
export function installPasswordStep(app: FastifyInstance, deps: SceneDependencies): void {
  const { accounts } = deps;
  const show = (scene: Scene, answer: Answer): FastifyReply => {
    const { username, problem, errors = {}, status = 200, retryAfterS } = answer;
    const view = signInPage({
      ...scene.form('password'),
      ...{ username: username.slice(0, 128), problem, errors },
      changeHref: `${deps.prefix}/password`,
    });
    return scene.show(view, { status, ...(retryAfterS === undefined ? {} : { retryAfterS }) });
  };

  app.get('/interaction/:uid', async (request, reply) => {
    const scene = await enterScene(deps, request, reply);
    return show(scene, { username: scene.details.loginHint ?? '' });
  });

  app.post('/interaction/:uid', async (request, reply) => {
    const scene = await enterScene(deps, request, reply);
    const form = scene.received('password');
    if (form === undefined) return reply;
    const { t } = scene.visit;
    const { username = '', password = '' } = form;
    if (username.trim() === '' || password === '') {
      const errors = {
        username: username.trim() === '' ? t.fieldMissing : undefined,
        password: password === '' ? t.fieldMissing : undefined,
      };
      return show(scene, { username, errors, status: 400 });
    }
    const { source, cookie } = scene.visit;
    const attempt = { username, password, source, browserCookie: cookie('known') };
    const verdict = await accounts.verifyPassword(attempt);
    switch (verdict.kind) {
      case 'refused':
        return show(scene, { username, problem: t.signInRefused, status: 400 });
      case 'busy':
        return show(scene, { username, problem: t.busy, status: 503, retryAfterS: 5 });
      case 'away':
        return show(scene, { username, problem: t.away, status: 503, retryAfterS: 30 });
      case 'wait': {
        const { retryAfterS } = verdict;
        const problem = scene.visit.waitText(retryAfterS);
        return show(scene, { username, problem, status: 429, retryAfterS });
      }
      case 'accepted':
        break;
    }
    const { account, staff } = verdict;
    const hasSecond = account.totpSecret !== undefined;
    if (!hasSecond && !requiresSecondFactor(staff)) {
      return completeSignIn(deps, scene, account, ['pwd']);
    }
    // Whoever planted the secret of before does not follow into the second step.
    scene.visit.renewSecret();
    await accounts.steps.begin(scene.place, account.staffId);
    return scene.visit.goTo(scene.path(hasSecond ? 'code' : 'setup'));
  });
}
