import type { FastifyInstance } from 'fastify';
import { codePage, recoveryPage } from './pages.ts';
import { browserOf, completeSignIn, enterScene, personAt } from './scene.ts';
import type { Scene, SceneDependencies } from './scene.ts';

type Factor = 'code' | 'recovery';

/** The second page of those who have a second factor: a code of the app, or a recovery code. */
export function installCodeStep(app: FastifyInstance, deps: SceneDependencies): void {
  const { secondFactor, steps } = deps.accounts;

  const pageOf = (scene: Scene, factor: Factor, problem?: string) => {
    const context = { ...scene.form(factor), problem };
    return factor === 'code'
      ? codePage({ ...context, otherHref: scene.path('recovery') })
      : recoveryPage({ ...context, otherHref: scene.path('code') });
  };

  for (const factor of ['code', 'recovery'] as const) {
    const url = `/interaction/:uid/${factor}`;
    app.get(url, async (request, reply) => {
      const scene = await enterScene(deps, request, reply);
      const account = await personAt(deps, scene);
      if (account?.totpSecret === undefined) return scene.visit.goTo(scene.path());
      return scene.show(pageOf(scene, factor));
    });

    app.post(url, async (request, reply) => {
      const scene = await enterScene(deps, request, reply);
      const form = scene.received(factor);
      if (form === undefined) return reply;
      const account = await personAt(deps, scene);
      if (account?.totpSecret === undefined) return scene.visit.goTo(scene.path());
      const { t } = scene.visit;
      const typed = form['code'] ?? '';
      if (typed.trim() === '') {
        return scene.show(pageOf(scene, factor, t.fieldMissing), { status: 400 });
      }
      const browser = browserOf(deps, scene.visit, account.username);
      const check = factor === 'code' ? secondFactor.checkCode : secondFactor.checkRecoveryCode;
      const verdict = await check(account, typed, browser);
      if (verdict.kind === 'wait') {
        const { retryAfterS } = verdict;
        const view = pageOf(scene, factor, scene.visit.waitText(retryAfterS));
        return scene.show(view, { status: 429, retryAfterS });
      }
      if (verdict.kind === 'refused') {
        const problem = factor === 'code' ? t.codeRefused : t.recoveryRefused;
        return scene.show(pageOf(scene, factor, problem), { status: 400 });
      }
      if (!(await steps.end(scene.place))) return scene.visit.goTo(scene.path());
      const amr = factor === 'code' ? ['pwd', 'otp', 'mfa'] : ['pwd', 'mfa'];
      return completeSignIn(deps, scene, account, amr);
    });
  }
}
