import {
  readFieldVersions,
  mergeFields,
  problem,
  rejected,
  type Merge,
  type Outcome,
} from '@caregraph/subgraph';
import { patientOperation, type PatientCall, type PatientOperation } from '../patient-operation.ts';
import {
  dependantsOf,
  lockHousehold,
  onRecordOf,
  patientPlaced,
  refuseUnreached,
  worksIn,
  type Locked,
} from '../reach/index.ts';
import {
  registerHouseholdInput,
  updateHouseholdInput,
  type UpdateHousehold,
} from './household.input.ts';
import {
  changesOf,
  householdConflictRules,
  householdFields,
  type HouseholdValues,
} from './household.service.ts';
import {
  countMoveOfMembers,
  indexMembersAt,
  insertHousehold,
  isMember,
  lockMembers,
  memberIdsOf,
  writeHousehold,
} from './household-write.store.ts';

type Call = PatientCall<UpdateHousehold>;
type Reached = Extract<
  Awaited<ReturnType<typeof lockHousehold>>,
  Locked<unknown> & { state: 'REACHED' }
>['row'];

/** Registers a household without members: they name it when they are registered or moved. */
const registerHousehold = patientOperation({
  name: 'registerHousehold',
  owner: 'id',
  input: registerHouseholdInput,
  async run({ ctx, tx, input, stamp }) {
    const { areaId } = input;
    if (!(await worksIn(tx, ctx.scope, areaId))) return rejected('REFERENCE_NOT_FOUND', 'areaId');
    const { institutionId } = ctx.actor;
    const household = await insertHousehold(tx, input, {
      institutionId,
      fields: householdFields,
      stamp,
    });
    const { id: entityId, version } = household;
    const areas = { areaBefore: null, areaAfter: areaId };
    const changes = [{ typename: 'Household', entityId, version, ...areas }];
    return { verdict: 'APPLIED', entityId, version, changes };
  },
});

/** Changes a household; a new area moves everyone who lives in it. */
const updateHousehold = patientOperation({
  name: 'updateHousehold',
  owner: 'householdId',
  input: updateHouseholdInput,
  async run(call) {
    const { ctx, tx, input, stamp } = call;
    const { householdId, areaId, headId } = input;
    const locked = await lockHousehold(tx, ctx.scope, householdId);
    const memberIds = await memberIdsOf(tx, householdId);
    if (locked.state !== 'REACHED') return refuseUnreached(locked, 'householdId', memberIds[0]);
    const before = locked.row;
    if (areaId != null && areaId !== before.areaId && !(await worksIn(tx, ctx.scope, areaId))) {
      return onRecordOf(memberIds[0], rejected('REFERENCE_NOT_FOUND', 'areaId'));
    }
    if (headId != null && !(await isMember(tx, householdId, headId))) {
      return onRecordOf(memberIds[0], rejected('REFERENCE_NOT_FOUND', 'headId'));
    }
    const merge = mergeFields<HouseholdValues>({
      current: {
        version: before.version,
        fieldVersions: readFieldVersions(before.fieldVersions),
        values: before,
      },
      changes: changesOf(input),
      stamp,
      ruleOf: (field) => householdConflictRules[field],
    });
    return write(call, before, merge, memberIds);
  },
});

async function write(
  { tx, stamp }: Call,
  before: Reached,
  merge: Merge<HouseholdValues>,
  memberIds: readonly string[],
): Promise<Outcome> {
  const moves = merge.values.areaId !== undefined;
  if (moves) await lockMembers(tx, before.id);
  const asked = Object.keys(merge.values).length > 0;
  const after = asked ? await writeHousehold(tx, before.id, merge, merge.values) : before;
  if (moves) await indexMembersAt(tx, before.id, after.areaId);
  const members = moves ? await countMoveOfMembers(tx, before.id, stamp) : [];
  const dependants = moves
    ? await dependantsOf(
        tx,
        members.map(({ id }) => id),
      )
    : [];
  const { id: entityId, version } = after;
  const moved = [
    ...(asked ? [{ typename: 'Household', entityId, version }] : []),
    ...members.map((one) => ({ typename: 'Patient', entityId: one.id, version: one.version })),
    ...dependants,
  ];
  return {
    verdict: merge.verdict,
    entityId,
    version,
    problems: merge.conflicts.map(({ field }) => problem('FIELD_CONFLICT', field)),
    changes: moved.map((one) => ({ ...one, areaBefore: before.areaId, areaAfter: after.areaId })),
    events: members.map(patientPlaced),
    otherPatientIds: memberIds,
    conflicts: merge.conflicts.map((one) => ({ typename: 'Household', entityId, ...one })),
  };
}

export const householdOperations: readonly PatientOperation[] = [
  registerHousehold,
  updateHousehold,
];
