import type { District } from './district.ts';
import { instantOn } from './event-time.ts';
import type { DistrictOperation, MemberOf } from './operation-input.ts';
import type { Recorder } from './record-operation.ts';
import type { StaffMember } from './staff.ts';
import { timeZone } from './territory.ts';

/** Areas, institutions, staff and devices, by the platform's administrator. */
export function* settingPhase(
  { staff, territory, foundedOn, random }: District,
  recorder: Recorder,
): Generator<DistrictOperation> {
  const bits = random.fork('setting');
  let minute = 181;
  const write = (member: MemberOf<'institution'>) => {
    const at = instantOn(foundedOn, Math.min((minute += 1), 1_000));
    const writing = { by: staff.platformAdmin, at, random: bits };
    return recorder.record('setting', 'institution', writing, member);
  };
  for (const place of territory.places) {
    yield write({ registerArea: { ...registered(place), timeZone } });
  }
  for (const facility of territory.facilities) {
    yield write({ registerInstitution: { ...facility } });
    if (facility.kind !== 'LABORATORY') {
      yield write({ verifyInstitution: { id: facility.id, verification: 'VERIFIED' } });
    }
  }
  for (const [index, member] of staff.all.entries()) {
    yield write({ registerStaff: employed(member) });
    const { deviceId, id: holderId, institutionId } = member;
    const label = `Device ${String(index + 1).padStart(3, '0')}`;
    yield write({ enrolDevice: { id: deviceId, label, institutionId, holderId } });
  }
  const { id, name, institutionId } = staff.partner;
  yield write({ registerPartner: { id, name, institutionId } });
}

/** A block has more members than its registration takes. */
function registered(place: District['territory']['places'][number]) {
  const { id, kind, name, code, parentId } = place;
  return {
    ...{ id, kind, name },
    ...(code === undefined ? {} : { code }),
    ...(parentId === undefined ? {} : { parentId }),
  };
}

function employed({ id, name, role, contact, institutionId, areaRoots, key }: StaffMember) {
  const licensed = role === 'clinician' || role === 'pharmacist';
  return {
    ...{ id, name, role: role.toUpperCase(), contact, institutionId, areaIds: areaRoots },
    ...(licensed ? { credentialsNumber: `XC-${key.toUpperCase()}` } : {}),
  };
}
