import type { FastifyInstance } from 'fastify';
import { recoveryCodesPage, setupPage } from './pages.ts';
import { completeSignIn, enterScene, personAt, type SceneDependencies } from './scene.ts';

/** The second page of those who must have a second factor and have none yet. */
export function installSetupStep(app: FastifyInstance, deps: SceneDependencies): void {
  const { secondFactor, steps } = deps.accounts;

  app.get('/interaction/:uid/setup', async (request, reply) => {
    const scene = await enterScene(deps, request, reply);
    const account = await personAt(deps, scene);
    if (account === undefined || account.totpSecret) return scene.visit.goTo(scene.path());
    const offer = secondFactor.offer(account, scene.place);
    return scene.show(setupPage({ ...scene.form('setup'), offer, laterAction: undefined }));
  });

  app.post('/interaction/:uid/setup', async (request, reply) => {
    const scene = await enterScene(deps, request, reply);
    const form = scene.received('setup');
    if (form === undefined) return reply;
    const account = await personAt(deps, scene);
    if (account === undefined) return scene.visit.goTo(scene.path());
    const { offer: sealed = '', code = '' } = form;
    const verdict = await secondFactor.enrol(account, { step: scene.place, sealed, code });
    if (verdict.kind === 'enrolled') {
      const codes = verdict.recoveryCodes;
      return scene.show(recoveryCodesPage({ ...scene.form('kept'), codes }));
    }
    const offer = secondFactor.reopen(account, scene.place, sealed);
    if (verdict.kind === 'refused' || offer === undefined) return scene.visit.goTo(scene.path());
    const problem = code.trim() === '' ? scene.visit.t.fieldMissing : scene.visit.t.setupWrong;
    const context = { ...scene.form('setup'), offer, problem, laterAction: undefined };
    return scene.show(setupPage(context), { status: 400 });
  });

  app.post('/interaction/:uid/kept', async (request, reply) => {
    const scene = await enterScene(deps, request, reply);
    if (scene.received('kept') === undefined) return reply;
    const account = await personAt(deps, scene);
    // Only the page that follows a right first code has this form's token.
    const isDone = account?.totpSecret !== undefined && (await steps.end(scene.place));
    if (account === undefined || !isDone) return scene.visit.goTo(scene.path());
    return completeSignIn(deps, scene, account, ['pwd', 'otp', 'mfa']);
  });
}
