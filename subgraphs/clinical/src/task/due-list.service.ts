import {
  addDays,
  civilDateIn,
  dueList,
  laterDate,
  type CivilDate,
  type DueTask,
  type GivenDose,
} from '@caregraph/guideline';
import type { ClinicalContext } from '../context.ts';
import { datedLmp, type PregnancyRecord } from '../pregnancy/index.ts';
import { civilDay } from '../stored-day.ts';

/** The last postnatal visit is planned until eight weeks after a birth. */
const postnatalDays = 56;

/** What is due is reckoned from these. */
export interface DueFacts {
  readonly birthDate: CivilDate;
  readonly pregnancies: readonly PregnancyRecord[];
  readonly immunizations: readonly GivenDose[];
  readonly visits: readonly { readonly visitType: string; readonly on: CivilDate }[];
  readonly today: CivilDate;
}

/** What the guidelines ask for, from the facts about a patient. */
export function dueItems(facts: DueFacts): readonly DueTask[] {
  const { birthDate, pregnancies, immunizations, visits, today } = facts;
  const pregnancy = relevantPregnancy(pregnancies, today);
  return dueList({
    patient: { birthDate },
    ...(pregnancy === undefined ? {} : { pregnancy }),
    immunizations,
    checkups: visits.map(({ visitType, on }) => ({ visitType, date: on })),
    // A child born after midnight in another zone is a day old at most.
    today: laterDate(today, birthDate),
  });
}

/** The ongoing pregnancy, else a birth whose postnatal visits are not over. */
function relevantPregnancy(pregnancies: readonly PregnancyRecord[], today: CivilDate) {
  const ongoing = pregnancies.find(({ outcome }) => outcome === 'ONGOING');
  if (ongoing !== undefined) return { lmp: datedLmp(ongoing) };
  const births = pregnancies.flatMap((pregnancy) => {
    const { outcome, outcomeOn } = pregnancy;
    const born = outcome === 'LIVE_BIRTH' || outcome === 'STILLBIRTH';
    if (!born || outcomeOn === null) return [];
    return [{ lmp: datedLmp(pregnancy), endedOn: civilDay(outcomeOn) }];
  });
  return births
    .filter(({ endedOn }) => addDays(endedOn, postnatalDays) >= today)
    .sort((a, b) => (a.endedOn < b.endedOn ? 1 : -1))[0];
}

/** The due list of a patient, or null for one who is out of scope or of unknown age. */
export async function dueListOf(
  { id, birthDate }: { id: string; birthDate?: string | Date | null | undefined },
  { stores, today, timeZone }: ClinicalContext,
): Promise<readonly DueTask[] | null> {
  const patient = await stores.patient.load(id);
  if (patient === undefined || birthDate == null) return null;
  if (patient.status === 'DECEASED') return [];
  const [pregnancies, immunizations, visits] = await Promise.all([
    stores.pregnancy.allOf(id),
    stores.immunization.givenTo(id),
    stores.checkup.maternityVisitsOf(id),
  ]);
  return dueItems({
    birthDate: birthDate instanceof Date ? civilDay(birthDate) : birthDate,
    pregnancies,
    immunizations,
    visits: visits.map((visit) => ({
      visitType: visit.visitType,
      on: civilDateIn(visit.occurredAt, timeZone),
    })),
    today,
  });
}
