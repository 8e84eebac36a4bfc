import type { CivilDate } from '@caregraph/guideline';
import type { District, Span } from './district.ts';
import { instantOn, workingMinutes } from './event-time.ts';
import { createFamily, type Family } from './family.ts';
import { illnessVisitsOf, visitRandom } from './illness-care.ts';
import type { DistrictOperation } from './operation-input.ts';
import { recordedPregnancyOf } from './pregnancy-record.ts';
import { prescriptionsOf } from './prescribing.ts';
import type { Recorder } from './record-operation.ts';

/** What clinicians do about what was found: prescriptions, and referrals that arrive. */
export function* treatmentPhase(
  district: District,
  span: Span,
  recorder: Recorder,
): Generator<DistrictOperation> {
  for (let index = span.from; index < span.to; index += 1) {
    const family = createFamily(district, index);
    yield* receiveReferrals(district, family, recorder);
    const random = district.random.fork(`issuing ${index}`);
    for (const prescription of prescriptionsOf(district, family)) {
      const {
        id,
        person,
        prescriber: by,
        at,
        checkupId,
        items,
        subject,
        validUntil,
      } = prescription;
      const issued = { id, patientId: person.id, checkupId, items, subject };
      yield recorder.record('treatment', 'prescription', { by, at, random }, {
        issuePrescription: validUntil === undefined ? issued : { ...issued, validUntil },
      }); // prettier-ignore
    }
  }
}

/** Most are accepted, many arrive, some are seen through; others stay open for the demo. */
function* receiveReferrals(
  district: District,
  family: Family,
  recorder: Recorder,
): Generator<DistrictOperation> {
  const random = district.random.fork(`referrals ${family.index}`);
  for (const { referralId, on } of referralsOf(district, family)) {
    const by = random.pick(district.staff.hospitalClinicians);
    const steps = (['ACCEPTED', 'ARRIVED', 'COMPLETED'] as const).slice(0, random.int(0, 3));
    for (const [index, state] of steps.entries()) {
      const at = instantOn(on, workingMinutes.until + index * 20);
      const changeReferralState = { referralId, state };
      yield recorder.record('treatment', 'clinical', { by, at, random }, { changeReferralState });
    }
  }
}

function referralsOf(district: District, family: Family): { referralId: string; on: CivilDate }[] {
  const visits = recordedPregnancyOf(district, family)?.visits ?? [];
  const ill = illnessVisitsOf(district, family, visitRandom(district, family));
  return [
    ...visits.flatMap(({ referral, referralId, on }) => (referral ? [{ referralId, on }] : [])),
    ...ill.flatMap(({ referralId, on }) => (referralId === undefined ? [] : [{ referralId, on }])),
  ];
}
