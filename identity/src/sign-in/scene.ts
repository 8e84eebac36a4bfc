import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Fault } from '@caregraph/fault';
import type { AccountRecord } from '../account/account.store.ts';
import type { Accounts } from '../account/accounts.ts';
import type { InteractionDetails, Interactions } from '../provider/interactions.ts';
import type { FormContext, View } from './pages.ts';
import { openVisit, type FormValues, type Visit, type VisitDependencies } from './visit.ts';

export interface SceneDependencies extends VisitDependencies {
  readonly accounts: Accounts;
  readonly interactions: Interactions;
  /** Where the pages lie on their host, e.g. `/identity`. */
  readonly prefix: string;
}

export type SignInForm = 'password' | 'code' | 'recovery' | 'setup' | 'kept';

/** One browser in one sign-in. */
export interface Scene {
  readonly visit: Visit;
  readonly details: InteractionDetails;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Names this browser in this sign-in; another one after the browser's secret is renewed. */
  readonly place: string;
  /** The address of a page of this sign-in. */
  path(page?: 'code' | 'recovery' | 'setup' | 'kept'): `/${string}`;
  /** What a form of this sign-in needs. */
  form(name: SignInForm): FormContext;
  /** @returns the values of a form, or undefined after its refusal was shown */
  received(name: SignInForm): FormValues | undefined;
  show(view: View, failure?: Failure): FastifyReply;
}

export interface Failure {
  readonly status: number;
  readonly retryAfterS?: number;
}

const params = z.object({ uid: z.string() });
const knownAgeS = 400 * 86_400;

/** @throws Fault NOT_FOUND when the browser has no such sign-in under way */
export async function enterScene(
  deps: SceneDependencies,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Scene> {
  const details = await deps.interactions.details(request, reply);
  const { uid } = params.parse(request.params);
  // The browser's cookie says which sign-in this is; the address of another one opens nothing.
  if (uid !== details.uid) throw new Fault('NOT_FOUND');
  const visit = openVisit(deps, request, reply, details.uiLocales);
  const base: `/${string}` = `/${deps.prefix.replace(/^\//, '')}/interaction/${uid}`;
  const purpose = (name: SignInForm) => `interaction:${uid}:${name}`;
  const path: Scene['path'] = (page) => (page === undefined ? base : `${base}/${page}`);
  return {
    ...{ visit, details, request, reply, path },
    get place() {
      return visit.placeAt(uid);
    },
    form: (name) => ({
      t: visit.t,
      action: name === 'password' ? base : path(name),
      token: visit.tokenFor(purpose(name)),
    }),
    received: (name) => visit.formOf(purpose(name)),
    show: (view, failure) => visit.show(view, { ...failure, leadsTo: details.redirectUri }),
  };
}

/** Who gave the right password in this sign-in and has to go on. */
export async function personAt(
  { accounts }: SceneDependencies,
  scene: Scene,
): Promise<AccountRecord | undefined> {
  const staffId = await accounts.steps.find(scene.place);
  return staffId === undefined ? undefined : accounts.records.byStaffId(staffId);
}

/** Names the browser for the tries of codes: a known one has tries of its own. */
export function browserOf({ accounts }: SceneDependencies, visit: Visit, username: string): string {
  const browser = accounts.browsers.read(visit.cookie('known'));
  return browser?.knows(username) ? browser.browserId : 'unknown';
}

/** The browser now knows the account: its next tries are its own. */
export function rememberBrowser(
  { accounts }: SceneDependencies,
  visit: Visit,
  username: string,
): void {
  const cookie = accounts.browsers.remember(visit.cookie('known'), username);
  visit.setCookie('known', cookie, knownAgeS);
}

/** What the browser's secret is proved for when it goes on to the provider. */
export const resumeOf = (uid: string) => `resume:${uid}`;

/** Everything was right: tells the provider, which gives the browser a session of a new id. */
export async function completeSignIn(
  deps: SceneDependencies,
  scene: Scene,
  account: AccountRecord,
  amr: readonly string[],
): Promise<FastifyReply> {
  const { staffId, username } = account;
  await deps.accounts.records.noteSignIn(staffId, deps.accounts.clock.now());
  rememberBrowser(deps, scene.visit, username);
  scene.visit.renewSecret();
  return deps.interactions.finish(scene.request, scene.reply, {
    login: { accountId: staffId, amr },
    browser: scene.visit.tokenFor(resumeOf(scene.details.uid)),
  });
}
