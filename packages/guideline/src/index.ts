export { bmi, muacCategory } from './anthropometry.ts';
export type { MuacCategory } from './anthropometry.ts';
export {
  addDays,
  addMonths,
  ageOn,
  civilDateIn,
  dateOfDayNumber,
  dayNumber,
  daysBetween,
  earlierDate,
  isCivilDate,
  laterDate,
} from './civil-date.ts';
export type { Age, CivilDate } from './civil-date.ts';
export { titlesOf, translate } from './clinical-content.ts';
export type { ContentFile, ContentLanguage, Titled } from './clinical-content.ts';
export { dangerSigns, dangerSignsFor, findDangerSign } from './danger-sign.ts';
export type { DangerSign, DangerSignGroup } from './danger-sign.ts';
export { diseases, findDisease, searchDiseases } from './disease.ts';
export type { Disease, DiseaseChapter } from './disease.ts';
export { convertAmount, doseContent } from './dose-amount.ts';
export { checkDose } from './dose-check.ts';
export type { DoseFinding, DosePatient } from './dose-check.ts';
export { dueList } from './due-list.ts';
export type { DueListInput, DueTask, TaskKind } from './due-list.ts';
export { validateDose } from './immunization-dose.ts';
export type { DoseToValidate, DoseVerdict } from './immunization-dose.ts';
export type { DoseProblem, DoseProblemCode, GivenDose } from './immunization-history.ts';
export { immunizationPlan } from './immunization-plan.ts';
export type { DoseState, ImmunizationPlan, PlannedDose, PlanOptions } from './immunization-plan.ts';
export {
  findDose,
  findVaccine,
  findVaccineByCvx,
  immunizationSchedule,
  immunizationSchedules,
  vaccines,
} from './immunization-schedule.ts';
export type { ImmunizationSchedule, ScheduledDose, Vaccine } from './immunization-schedule.ts';
export { maternalImmunizationPlan } from './maternal-immunization.ts';
export type { PlannedMaternalDose } from './maternal-immunization.ts';
export { allergyMatches, interactionsBetween } from './medicine-interaction.ts';
export type { AllergyMatch } from './medicine-interaction.ts';
export { findMedicine, findPresentation, medicines, routesOf } from './medicine.ts';
export type {
  Amount,
  DoseBand,
  InteractionRule,
  Medicine,
  PregnancyCaution,
  Presentation,
  WeightDose,
} from './medicine.ts';
export {
  ancSchedule,
  ancSchedules,
  expectedDeliveryDate,
  gestationalAge,
  postnatalSchedule,
  postnatalSchedules,
  PREGNANCY_DAYS,
} from './pregnancy.ts';
export type {
  AncContact,
  AncSchedule,
  DatedVisit,
  GestationalAge,
  PlannedVisit,
  PostnatalSchedule,
} from './pregnancy.ts';
export { checkPrescriptionItem } from './prescription-check.ts';
export type {
  PrescriptionItemToCheck,
  PrescriptionProblem,
  PrescriptionProblemCode,
  PrescriptionVerdict,
} from './prescription-check.ts';
export { findVitalByLoinc, findVitalLimit, units, vitalLimits } from './vital-limits.ts';
export type { Unit, VitalAlert, VitalField, VitalLimit, Vitals } from './vital-limits.ts';
export { assessVitals } from './vitals-assessment.ts';
export type {
  ImpossibleVital,
  VitalsAssessment,
  VitalsContext,
  VitalWarning,
} from './vitals-assessment.ts';
