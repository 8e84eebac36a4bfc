import type { IdentityClient, IdentityTx } from '../store/client.ts';
import type { AccessEnd } from './access-end.ts';

export interface AccountRecord {
  readonly staffId: string;
  readonly username: string;
  /** Absent until the person chose a password. */
  readonly passwordHash: string | undefined;
  /** Sealed; present when the person confirmed a first code. */
  readonly totpSecret: Uint8Array | undefined;
  readonly totpLastStep: number;
}

export interface AccountStore {
  byUsername(username: string): Promise<AccountRecord | undefined>;
  byStaffId(staffId: string): Promise<AccountRecord | undefined>;
  /** @returns false when the person has an account or the name is taken */
  create(account: { staffId: string; username: string; now: Date }): Promise<boolean>;
  /** Changes only the form of the hash, never which password it belongs to. */
  replaceHash(staffId: string, from: string, to: string): Promise<void>;
  /** Ends all access but what is kept. @returns false when the password was changed meanwhile */
  changePassword(change: PasswordChange): Promise<boolean>;
  /** Sets the second factor of someone who has none. @returns false when they have one */
  setSecondFactor(factor: NewSecondFactor): Promise<boolean>;
  /** Uses a time step up. @returns false when it or a later one was used before */
  useTotpStep(staffId: string, step: number, now: Date): Promise<boolean>;
  /** Uses a recovery code up. @returns false when there is no such unused code */
  useRecoveryCode(staffId: string, hash: Uint8Array, now: Date): Promise<boolean>;
  noteSignIn(staffId: string, now: Date): Promise<void>;
  addLink(link: NewLink): Promise<void>;
  /** @returns whose link it is, while it can be used */
  ownerOfLink(hash: Uint8Array, now: Date): Promise<string | undefined>;
  /** Uses the link up: a new password, no second factor until one is set up, no access of before. */
  useLink(hash: Uint8Array, passwordHash: string, now: Date): Promise<string | undefined>;
}

export interface PasswordChange {
  readonly staffId: string;
  readonly from: string;
  readonly to: string;
  readonly now: Date;
  /** Sign-ins that go on. */
  readonly keptGrantIds: readonly string[];
}

export interface NewSecondFactor {
  readonly staffId: string;
  readonly sealedSecret: Uint8Array<ArrayBuffer>;
  readonly step: number;
  readonly recoveryCodes: readonly {
    readonly id: string;
    readonly hash: Uint8Array<ArrayBuffer>;
  }[];
  readonly now: Date;
}

export interface NewLink {
  readonly hash: Uint8Array;
  readonly staffId: string;
  readonly purpose: 'ENROL' | 'RESET';
  readonly now: Date;
  readonly expiresAt: Date;
}

/** Credentials in PostgreSQL. Whatever may be used once is used up by the statement that asks. */
export function createAccountStore(store: IdentityClient, accessEnd: AccessEnd): AccountStore {
  const copy = (bytes: Uint8Array) => new Uint8Array(bytes);
  return {
    byUsername: async (username) =>
      toRecord(await store.account.findUnique({ where: { username } })),
    byStaffId: async (staffId) => toRecord(await store.account.findUnique({ where: { staffId } })),
    async create({ staffId, username, now }) {
      const data = [{ staffId, username, createdAt: now, updatedAt: now }];
      const { count } = await store.account.createMany({ data, skipDuplicates: true });
      return count === 1;
    },
    async replaceHash(staffId, from, to) {
      const where = { staffId, passwordHash: from };
      await store.account.updateMany({ where, data: { passwordHash: to } });
    },
    async changePassword(change) {
      const isDone = await store.$transaction((tx) => changePassword(tx, accessEnd, change));
      if (isDone) await accessEnd.tell();
      return isDone;
    },
    setSecondFactor: (factor) => store.$transaction((tx) => setSecondFactor(tx, factor)),
    async useTotpStep(staffId, step, now) {
      const { count } = await store.account.updateMany({
        where: { staffId, OR: [{ totpLastStep: null }, { totpLastStep: { lt: step } }] },
        data: { totpLastStep: step, updatedAt: now },
      });
      return count === 1;
    },
    async useRecoveryCode(staffId, hash, now) {
      const { count } = await store.recoveryCode.updateMany({
        where: { staffId, hash: copy(hash), usedAt: null },
        data: { usedAt: now },
      });
      return count === 1;
    },
    async noteSignIn(staffId, now) {
      await store.account.update({ where: { staffId }, data: { lastSignInAt: now } });
    },
    async addLink({ hash, staffId, purpose, now, expiresAt }) {
      const data = { hash: copy(hash), staffId, purpose, createdAt: now, expiresAt };
      // A new link voids the ones before it, so that one lost on the way is worth nothing.
      await store.$transaction([
        store.enrolmentToken.deleteMany({ where: { staffId, usedAt: null } }),
        store.enrolmentToken.create({ data }),
      ]);
    },
    async ownerOfLink(hash, now) {
      const link = await store.enrolmentToken.findFirst({
        where: { hash: copy(hash), usedAt: null, expiresAt: { gt: now } },
      });
      return link?.staffId;
    },
    async useLink(hash, passwordHash, now) {
      const link = { hash: copy(hash), passwordHash, now };
      const staffId = await store.$transaction((tx) => useLink(tx, accessEnd, link));
      if (staffId !== undefined) await accessEnd.tell();
      return staffId;
    },
  };
}

async function changePassword(
  tx: IdentityTx,
  accessEnd: AccessEnd,
  { staffId, from, to, now, keptGrantIds }: PasswordChange,
): Promise<boolean> {
  const { count } = await tx.account.updateMany({
    where: { staffId, passwordHash: from },
    data: { passwordHash: to, passwordChangedAt: now, updatedAt: now },
  });
  if (count === 0) return false;
  await accessEnd.end(tx, { staffId, reason: 'password changed', keptGrantIds });
  return true;
}

async function setSecondFactor(tx: IdentityTx, factor: NewSecondFactor): Promise<boolean> {
  const { staffId, now } = factor;
  const { count } = await tx.account.updateMany({
    where: { staffId, totpConfirmedAt: null },
    data: {
      totpSecretSealed: factor.sealedSecret,
      totpConfirmedAt: now,
      totpLastStep: factor.step,
      updatedAt: now,
    },
  });
  if (count === 0) return false;
  await tx.recoveryCode.deleteMany({ where: { staffId } });
  await tx.recoveryCode.createMany({
    data: factor.recoveryCodes.map(({ id, hash }) => ({ id, hash, staffId, createdAt: now })),
  });
  return true;
}

async function useLink(
  tx: IdentityTx,
  accessEnd: AccessEnd,
  { hash, passwordHash, now }: { hash: Uint8Array<ArrayBuffer>; passwordHash: string; now: Date },
): Promise<string | undefined> {
  const [link] = await tx.enrolmentToken.updateManyAndReturn({
    where: { hash, usedAt: null, expiresAt: { gt: now } },
    data: { usedAt: now },
  });
  if (link === undefined) return undefined;
  const { staffId } = link;
  const before = await tx.account.findUniqueOrThrow({ where: { staffId } });
  await tx.account.update({
    where: { staffId },
    data: {
      passwordHash,
      passwordChangedAt: now,
      totpSecretSealed: null,
      totpConfirmedAt: null,
      totpLastStep: null,
      updatedAt: now,
    },
  });
  await tx.recoveryCode.deleteMany({ where: { staffId } });
  // A first password ends nothing: without one nobody was signed in.
  if (before.passwordHash !== null) await accessEnd.end(tx, { staffId, reason: 'password reset' });
  return staffId;
}

type AccountRow = NonNullable<Awaited<ReturnType<IdentityClient['account']['findUnique']>>>;

function toRecord(row: AccountRow | null): AccountRecord | undefined {
  if (row === null) return undefined;
  return {
    staffId: row.staffId,
    username: row.username,
    passwordHash: row.passwordHash ?? undefined,
    totpSecret: row.totpConfirmedAt === null ? undefined : (row.totpSecretSealed ?? undefined),
    totpLastStep: Number(row.totpLastStep ?? 0),
  };
}
