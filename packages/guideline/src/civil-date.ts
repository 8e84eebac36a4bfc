/**
 * Civil dates: 'YYYY-MM-DD', the day as the facility's calendar shows it. All arithmetic is on
 * whole days of the proleptic Gregorian calendar, in integers: no instant, no zone and no
 * daylight saving can move a birthday or a due date.
 */
export type CivilDate = string;

const DAYS_OF_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

const isLeapYear = (year: number): boolean =>
  year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

const daysInMonth = (year: number, month: number): number =>
  month === 2 && isLeapYear(year) ? 29 : (DAYS_OF_MONTH[month - 1] ?? 0);

interface CalendarDay {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

const readDay = (text: string): CalendarDay | undefined => {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (match === null) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const real =
    year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
  return real ? { year, month, day } : undefined;
};

const requireDay = (text: string): CalendarDay => {
  const day = readDay(text);
  // The text itself may be a date of birth, so the message does not repeat it.
  if (day === undefined) throw new RangeError('Not a civil date (YYYY-MM-DD)');
  return day;
};

const writeDay = ({ year, month, day }: CalendarDay): CivilDate =>
  `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;

/**
 * Whether a text is a real day, written YYYY-MM-DD.
 *
 * @example isCivilDate('2024-02-29') // true
 * @example isCivilDate('2023-02-29') // false
 */
export const isCivilDate = (text: string): boolean => readDay(text) !== undefined;

/**
 * Days since 1970-01-01, negative before it.
 *
 * @param date a civil date
 * @throws RangeError when it is not one
 * @example dayNumber('1970-01-02') // 1
 */
export const dayNumber = (date: CivilDate): number => {
  const { year, month, day } = requireDay(date);
  // Years are counted from March, so that the leap day is the last day of a year.
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
};

/**
 * The civil date of a day number; the inverse of {@link dayNumber}.
 *
 * @throws RangeError when the number is not an integer or the year leaves 1–9999
 * @example dateOfDayNumber(0) // '1970-01-01'
 */
export const dateOfDayNumber = (number: number): CivilDate => {
  if (!Number.isInteger(number)) throw new RangeError('Not a day number');
  const shifted = number + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  if (year < 1 || year > 9999) throw new RangeError('Outside the years 1 to 9999');
  return writeDay({
    year,
    month,
    day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
  });
};

/**
 * A date some days later, or earlier when negative.
 *
 * @example addDays('2024-02-28', 2) // '2024-03-01'
 */
export const addDays = (date: CivilDate, days: number): CivilDate =>
  dateOfDayNumber(dayNumber(date) + days);

/**
 * Whole days from one date to another, negative when the second is earlier.
 *
 * @example daysBetween('2024-02-28', '2024-03-01') // 2
 */
export const daysBetween = (from: CivilDate, to: CivilDate): number =>
  dayNumber(to) - dayNumber(from);

/**
 * A date some calendar months later; a day that the month lacks becomes its last day.
 *
 * @example addMonths('2024-01-31', 1) // '2024-02-29'
 */
export const addMonths = (date: CivilDate, months: number): CivilDate => {
  const { year, month, day } = requireDay(date);
  const index = year * 12 + month - 1 + months;
  const target = { year: Math.floor(index / 12), month: (((index % 12) + 12) % 12) + 1 };
  if (target.year < 1 || target.year > 9999) throw new RangeError('Outside the years 1 to 9999');
  return writeDay({ ...target, day: Math.min(day, daysInMonth(target.year, target.month)) });
};

/** The later of two dates. */
export const laterDate = (left: CivilDate, right: CivilDate): CivilDate =>
  left >= right ? left : right;

/** The earlier of two dates. */
export const earlierDate = (left: CivilDate, right: CivilDate): CivilDate =>
  left <= right ? left : right;

/** An age in completed units; `months` and `days` count on from the completed unit before them. */
export interface Age {
  readonly years: number;
  readonly months: number;
  readonly days: number;
  readonly totalMonths: number;
  readonly totalDays: number;
}

/**
 * The age on a day, in completed years, months and days. Someone born on 29 February completes a
 * year on 28 February of common years.
 *
 * @param birthDate civil date of birth
 * @param today civil date, not before the birth
 * @throws RangeError when today is before the birth, or either is not a civil date
 * @example ageOn('2020-05-20', '2024-05-19') // { years: 3, months: 11, days: 29, … }
 */
export const ageOn = (birthDate: CivilDate, today: CivilDate): Age => {
  const totalDays = daysBetween(birthDate, today);
  if (totalDays < 0) throw new RangeError('The day is before the birth');
  const [born, now] = [requireDay(birthDate), requireDay(today)];
  let totalMonths = (now.year - born.year) * 12 + now.month - born.month;
  if (addMonths(birthDate, totalMonths) > today) totalMonths -= 1;
  return {
    years: Math.floor(totalMonths / 12),
    months: totalMonths % 12,
    days: daysBetween(addMonths(birthDate, totalMonths), today),
    totalMonths,
    totalDays,
  };
};

/** Making a formatter costs a hundred times its use; there are a few hundred zones at most. */
const formatters = new Map<string, Intl.DateTimeFormat>();

const formatterOf = (timeZone: string): Intl.DateTimeFormat => {
  const known = formatters.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  formatters.set(timeZone, made);
  return made;
};

/**
 * The civil date that an instant has in a time zone: what a facility calls "today".
 *
 * @param instant a point in time
 * @param timeZone IANA name, such as Asia/Kolkata
 * @throws RangeError when the zone is unknown
 * @example civilDateIn(new Date('2024-03-01T20:00:00Z'), 'Asia/Kolkata') // '2024-03-02'
 */
export const civilDateIn = (instant: Date, timeZone: string): CivilDate => {
  const parts = formatterOf(timeZone).formatToParts(instant);
  const part = (type: string): number => Number(parts.find((found) => found.type === type)?.value);
  return writeDay({ year: part('year'), month: part('month'), day: part('day') });
};
