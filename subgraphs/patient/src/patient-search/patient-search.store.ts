import type { Scope } from '@caregraph/access';
import { Fault } from '@caregraph/fault';
import type { QueryWord } from '@caregraph/name-matching';
import { isUuidV7 } from '@caregraph/clock';
import { patientsInScope, type RequestContext } from '@caregraph/subgraph';
import { Prisma, type Patient } from '../../generated/prisma/client.ts';
import type { StoreClient } from '../client.ts';
import type { Candidate, LookUp, PatientMatch, SearchedArea } from './patient-search.type.ts';

/** Looks people in scope up by their indexes. */
export interface PatientSearchStore {
  /**
   * The districts that an area lies in or has below it, at most `limit`.
   *
   * @throws Fault SCOPE_BEHIND when this store has not heard of the area
   */
  areaOf(areaId: string, limit: number): Promise<SearchedArea>;
  /** Who may fit, by rank; nobody is opened. */
  lookUp(what: LookUp): Promise<Candidate[]>;
  open(ids: readonly string[]): Promise<Patient[]>;
  /** Registers who leaves the store. Those who were opened and did not fit are shown to nobody. */
  show(matches: readonly PatientMatch[]): void;
}

export function createPatientSearchStore(
  database: StoreClient,
  { scope, audit }: Pick<RequestContext, 'scope' | 'audit'>,
): PatientSearchStore {
  const { prisma } = database;
  return {
    areaOf: (areaId, limit) => areaOf(database, scope, areaId, limit),
    async lookUp(what) {
      const exact = [reached(scope), ...(await exactly(database, what))];
      const parts = (await namesIn(database, what)).map((words) => lookUpIn(words, exact, what));
      if (parts.length === 0) return [];
      return prisma.$queryRaw<Candidate[]>`
        SELECT id::text, rank FROM (
          ${Prisma.join(parts, ' UNION ALL ')} LIMIT ${what.limit}) AS candidate
        ORDER BY rank DESC, id`;
    },
    open: (ids) =>
      prisma.patient.findMany({
        where: { AND: [{ id: { in: [...ids] } }, patientsInScope(scope)] },
      }),
    show(matches) {
      for (const { patient } of matches) audit.saw('Patient', patient.id);
    },
  };
}

/** `patientsInScope` for SQL. What it finds passes that filter again before it is opened. */
function reached(scope: Scope): Prisma.Sql {
  const author = !scope.everyInstitution && isUuidV7(scope.authorId) ? scope.authorId : null;
  return Prisma.sql`(place.ancestors && ${[...scope.areaRoots]}::uuid[]
    OR person.institution_id = ${scope.patientInstitutionId ?? null}::uuid
    OR person.author_id = ${author}::uuid
    OR person.id = ANY (${[...scope.openedPatientIds]}::uuid[]))`;
}

async function areaOf(
  { prisma }: StoreClient,
  scope: Scope,
  areaId: string,
  limit: number,
): Promise<SearchedArea> {
  if ((await prisma.areaRef.count({ where: { id: areaId } })) === 0) {
    throw new Fault('SCOPE_BEHIND');
  }
  const within = Prisma.sql`place.ancestors @> ARRAY[${areaId}::uuid]`;
  const rows = await prisma.$queryRaw<{ id: string }[]>`
    SELECT DISTINCT district_id::text AS id FROM area_ref AS place
    WHERE ${within} AND district_id IS NOT NULL LIMIT ${limit}`;
  const behind = await prisma.$queryRaw<unknown[]>`
    SELECT 1 FROM patient AS person JOIN area_ref AS place ON place.id = person.area_id
    WHERE person.district_id IS NULL AND ${within} AND ${reached(scope)} LIMIT 1`;
  return { districtIds: rows.map(({ id }) => id), indexBehind: behind.length > 0 };
}

/** The tokens of one word in one district: any of each list shows that it may be there. */
interface WordTokens {
  readonly beginning: readonly string[];
  readonly sound: readonly string[];
}

/** The words of the name as each district has them; one part without words when none is looked up. */
async function namesIn({ sealing }: StoreClient, what: LookUp): Promise<WordTokens[][]> {
  // An identifier has said who it is; the name is compared once they are open.
  const words = what.identified === null ? (what.question.name?.words.indexed ?? []) : [];
  if (words.length === 0) return [[]];
  const ask = (word: QueryWord, within: string, aspect: keyof WordTokens) =>
    sealing.blindIndexFor('Patient', 'nameTokens', word.word, { within, aspect });
  const tokensOf = async (word: QueryWord, within: string) => ({
    beginning: await ask(word, within, 'beginning'),
    sound: await ask(word, within, 'sound'),
  });
  return Promise.all(
    what.districtIds.map((within) => Promise.all(words.map((word) => tokensOf(word, within)))),
  );
}

/**
 * The part of a look-up in one district. Each has its own, because the planner knows how frequent
 * the few tokens of one are: asked for those of a state at once, it reads all rows instead.
 */
function lookUpIn(
  words: readonly WordTokens[],
  exact: readonly Prisma.Sql[],
  { tier, limit }: LookUp,
): Prisma.Sql {
  const conditions = [...words.map((word) => fits(word, tier)), ...exact];
  return Prisma.sql`SELECT part.* FROM (SELECT person.id, ${rankBy(words)} AS rank
    FROM patient AS person JOIN area_ref AS place ON place.id = person.area_id
    WHERE ${Prisma.join(conditions, ' AND ')} LIMIT ${limit}) AS part`;
}

/** A list of tokens that is empty fits nobody, as `&&` of an empty array is false. */
function fits({ beginning, sound }: WordTokens, tier: LookUp['tier']): Prisma.Sql {
  if (tier === 'ANY') return Prisma.sql`person.name_tokens && ${[...beginning, ...sound]}::text[]`;
  return Prisma.sql`person.name_tokens && ${[...beginning]}::text[]
    AND person.name_tokens && ${[...sound]}::text[]`;
}

/** A word that begins and sounds as it was typed fits better than one that only sounds so. */
function rankBy(words: readonly WordTokens[]): Prisma.Sql {
  const counted = words.flatMap(({ beginning, sound }) => [
    Prisma.sql`(person.name_tokens && ${[...beginning]}::text[])::int`,
    Prisma.sql`(person.name_tokens && ${[...sound]}::text[])::int`,
  ]);
  return counted.length === 0 ? Prisma.sql`0` : Prisma.join(counted, ' + ');
}

async function exactly(
  { sealing }: StoreClient,
  { question, identified }: LookUp,
): Promise<Prisma.Sql[]> {
  const { areaId, phone, born } = question;
  const conditions: Prisma.Sql[] = [];
  if (areaId !== null) conditions.push(Prisma.sql`place.ancestors @> ARRAY[${areaId}::uuid]`);
  if (identified !== null)
    conditions.push(Prisma.sql`person.id = ANY (${[...identified]}::uuid[])`);
  if (born?.from != null) conditions.push(Prisma.sql`person.birth_date >= ${born.from}::date`);
  if (born?.to != null) conditions.push(Prisma.sql`person.birth_date <= ${born.to}::date`);
  if (phone !== null) {
    const tokens = await sealing.blindIndexFor('Patient', 'phoneIndex', phone);
    if (tokens.length === 0)
      throw new Fault('BAD_USER_INPUT', { at: 'phone', reason: 'NOT_A_PHONE' });
    conditions.push(Prisma.sql`person.phone_index = ANY (${tokens}::text[])`);
  }
  return conditions;
}
