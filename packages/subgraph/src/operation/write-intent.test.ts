import { expect, test } from 'vitest';
import { createIdSource, fixedClock } from '@caregraph/clock';
import { createLogger } from '@caregraph/observability';
import type { Actor } from '@caregraph/access';
import type { OpenedRecord, RequestContext } from '../context.ts';
import { rejected, type Outcome } from './operation.ts';
import { writeIntents } from './write-intent.ts';

const clock = fixedClock(new Date('2026-03-01T08:00:00Z'));
const ids = createIdSource(clock);
const actor: Actor = {
  id: ids.next(),
  clientId: 'test',
  tokenId: 'test',
  roles: ['health_worker'],
  permissions: new Set(),
  institutionId: ids.next(),
  areaRoots: [],
  deviceId: undefined,
  purposes: ['treatment'],
  issuedAt: 0,
  expiresAt: 0,
  sessionId: undefined,
  documents: 'free',
  confirmation: undefined,
};
const ctx: RequestContext = {
  requestId: ids.next(),
  actor,
  purpose: 'treatment',
  scope: {
    areaRoots: [],
    patientInstitutionId: undefined,
    authorId: actor.id,
    institutionId: actor.institutionId,
    everyInstitution: false,
    openedPatientIds: [],
  },
  breakGlass: undefined,
  audit: { saw: () => undefined, intent: () => undefined },
  log: createLogger({ service: 'test', level: 'silent' }),
  clock,
  ids,
};
const stamp = {
  id: ids.next(),
  deviceId: ids.next(),
  deviceSequence: 1,
  authorId: actor.id,
  recordedAt: clock.now(),
  receivedAt: clock.now(),
  baseVersion: undefined,
};
const intentsOf = (outcome: Outcome, breakGlass?: OpenedRecord) =>
  writeIntents(
    { ...ctx, breakGlass },
    { subgraph: 'patient', operation: 'relatePatients', stamp, outcome },
  );

test('a write about two people is on the record of both, once each', () => {
  const [mother, child] = [ids.next(), ids.next()];
  const change = { typename: 'Relationship', entityId: ids.next(), version: 1 };
  const [intent, ...more] = intentsOf({
    verdict: 'APPLIED',
    entityId: change.entityId,
    version: 1,
    changes: [change],
    patientId: child,
    otherPatientIds: [mother, child],
  });
  expect(more).toEqual([]);
  expect(intent?.data).toMatchObject({
    action: 'WRITE',
    outcome: 'APPLIED',
    accesses: [
      { patientId: child, types: ['Relationship'] },
      { patientId: mother, types: ['Relationship'] },
    ],
  });
});

test('a refused write is on the record too, and a write about nobody is not', () => {
  const patientId = ids.next();
  expect(intentsOf({ ...rejected('STATE_REFUSED'), patientId })[0]?.data).toMatchObject({
    outcome: 'REJECTED',
    accesses: [{ patientId, types: [] }],
  });
  expect(intentsOf(rejected('NOT_FOUND'))).toEqual([]);
});

test('a write of a record that a grant opened, or is opened by it, says so', () => {
  const [patientId, other] = [ids.next(), ids.next()];
  const opened = { grantId: ids.next(), patientId, reason: 'EMERGENCY' as const };
  const refusal = { ...rejected('STATE_REFUSED'), patientId };
  expect(intentsOf(refusal, opened)[0]?.data).toMatchObject({ breakGlass: opened });
  const [elsewhere] = intentsOf({ ...refusal, patientId: other }, opened);
  expect(elsewhere?.data).not.toHaveProperty('breakGlass');
  const opening = {
    verdict: 'APPLIED' as const,
    entityId: opened.grantId,
    version: 1,
    changes: [],
  };
  const [made] = intentsOf({ ...opening, patientId, breakGlass: opened });
  expect(made?.data).toMatchObject({ breakGlass: opened });
});
