/** A point in time as FHIR states it, with the civil day that its writer meant. */
export interface Moment {
  /** RFC 3339 in UTC, with milliseconds. */
  readonly at: string;
  /** YYYY-MM-DD where it was written down, whatever the offset. */
  readonly day: string;
}

/**
 * Reads a FHIR dateTime that is exact to the day; a year or a month alone is not.
 *
 * A day without a time begins at midnight UTC, which is the same day in every zone east of
 * Greenwich.
 *
 * @example momentOf('2008-02-12T23:30:00-05:00') // { at: '2008-02-13T04:30:00.000Z', day: '2008-02-12' }
 */
export function momentOf(text: string | undefined): Moment | undefined {
  if (text === undefined || text.length < 10) return undefined;
  // A leap second has no instant of its own in the time that the record is kept in.
  const instant = new Date(text.replace(/:60(?=[.Z+-])/, ':59'));
  if (Number.isNaN(instant.getTime())) return undefined;
  return { at: instant.toISOString(), day: text.slice(0, 10) };
}

/** The first that is exact to the day. */
export function firstMoment(...texts: readonly (string | undefined)[]): Moment | undefined {
  for (const text of texts) {
    const moment = momentOf(text);
    if (moment !== undefined) return moment;
  }
  return undefined;
}

/**
 * A civil date; a year or a month is put in its middle and said to be estimated.
 *
 * @example civilDateOf('1990') // { date: '1990-07-01', estimated: true }
 */
export function civilDateOf(text: string): { readonly date: string; readonly estimated: boolean } {
  if (text.length >= 10) return { date: text.slice(0, 10), estimated: false };
  return { date: text.length === 4 ? `${text}-07-01` : `${text}-15`, estimated: true };
}
