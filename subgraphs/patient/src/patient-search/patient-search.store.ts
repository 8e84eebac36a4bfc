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
  /** Who may fit, by falling rank; nobody is opened. */
  lookUp(what: LookUp): Promise<Candidate[]>;
  open(ids: readonly string[]): Promise<Patient[]>;
  /** Whether a number on record is the one that is asked for, however the two are written. */
  isPhone(asked: string, recorded: string): boolean;
  /** Registers who leaves the store. Those who were opened and did not fit are shown to nobody. */
  show(matches: readonly PatientMatch[]): void;
}

export function createPatientSearchStore(
  database: StoreClient,
  { scope, audit }: Pick<RequestContext, 'scope' | 'audit'>,
): PatientSearchStore {
  const { prisma, sealing } = database;
  return {
    areaOf: (areaId, limit) => areaOf(database, scope, areaId, limit),
    async lookUp(what) {
      const exact = await exactly(database, what);
      const places = placedIn(scope, what.question.areaId);
      const parts = (await namesIn(database, what)).map(({ district, words }) => {
        const named = words.map((word) => fits(word, what.tier));
        const people = peopleWho([...district, ...named, ...exact], words);
        return Prisma.sql`SELECT part.* FROM (
          SELECT person.id, ${rankBy(words)} AS rank
          FROM ${people} AS person JOIN area_ref AS place ON place.id = person.area_id
          WHERE ${places} LIMIT ${what.limit}) AS part`;
      });
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
    isPhone: (asked, opened) => sealing.isMeant('Patient', 'phoneIndex', { asked, opened }),
    show(matches) {
      for (const { patient } of matches) audit.saw('Patient', patient.id);
    },
  };
}

/** Below so many areas their people are looked up by area and by name together. */
const fewAreas = 50;

/** Where people live who may be found: in scope, and in the area that was named. */
function placedIn(scope: Scope, areaId: string | null): Prisma.Sql {
  if (areaId === null) return reached(scope);
  return Prisma.sql`place.ancestors @> ARRAY[${areaId}::uuid] AND ${reached(scope)}`;
}

/** `patientsInScope` for SQL. What it finds passes that filter again before it is opened. */
function reached(scope: Scope): Prisma.Sql {
  const author = !scope.everyInstitution && isUuidV7(scope.authorId) ? scope.authorId : null;
  return Prisma.sql`(place.ancestors && ${[...scope.areaRoots]}::uuid[]
    OR person.institution_id = ${scope.patientInstitutionId ?? null}::uuid
    OR person.author_id = ${author}::uuid
    OR person.id = ANY (${[...scope.openedPatientIds]}::uuid[]))`;
}

/** The area as one statement reads it: a search waits once for all that it must know of a place. */
interface FoundArea extends SearchedArea {
  readonly known: boolean;
  readonly areaIds: readonly string[];
}

async function areaOf(
  { prisma }: StoreClient,
  scope: Scope,
  areaId: string,
  limit: number,
): Promise<SearchedArea> {
  const within = Prisma.sql`place.ancestors @> ARRAY[${areaId}::uuid]`;
  const [found] = await prisma.$queryRaw<FoundArea[]>`
    SELECT EXISTS (SELECT FROM area_ref WHERE id = ${areaId}::uuid) AS known,
      ARRAY(SELECT DISTINCT district_id::text FROM area_ref AS place
        WHERE ${within} AND district_id IS NOT NULL LIMIT ${limit}) AS "districtIds",
      ARRAY(SELECT id::text FROM area_ref AS place
        WHERE ${within} LIMIT ${fewAreas + 1}) AS "areaIds",
      EXISTS (SELECT FROM patient AS person JOIN area_ref AS place ON place.id = person.area_id
        WHERE person.district_id IS NULL AND ${within} AND ${reached(scope)}) AS "indexBehind"`;
  if (found?.known !== true) throw new Fault('SCOPE_BEHIND');
  const { districtIds, areaIds, indexBehind } = found;
  return { districtIds, areaIds: areaIds.length > fewAreas ? null : areaIds, indexBehind };
}

/** The tokens of one word in one district: any of each list shows that it may be there. */
interface WordTokens {
  readonly beginning: readonly string[];
  readonly sound: readonly string[];
}

/** The words of the name as one district has them, and who lives there. */
interface NamesThere {
  /** Tokens are truncated: somebody of another district may have one of this one's by chance. */
  readonly district: readonly Prisma.Sql[];
  readonly words: readonly WordTokens[];
}

/**
 * The words of the name as each district has them; one part without words when none is looked up.
 * Each district is asked by itself, because the planner knows how frequent the few tokens of one
 * are: asked for those of a state at once, it reads all rows instead.
 */
async function namesIn({ sealing }: StoreClient, what: LookUp): Promise<NamesThere[]> {
  if (what.area === null) return [{ district: [], words: [] }];
  const words = what.question.name?.words.indexed ?? [];
  const ask = (word: QueryWord, within: string, aspect: keyof WordTokens) =>
    sealing.blindIndexFor('Patient', 'nameTokens', word.word, { within, aspect });
  const tokensOf = async (word: QueryWord, within: string) => ({
    beginning: await ask(word, within, 'beginning'),
    sound: await ask(word, within, 'sound'),
  });
  return Promise.all(
    what.area.districtIds.map(async (within) => ({
      district: [Prisma.sql`person.district_id = ${within}::uuid`],
      words: await Promise.all(words.map((word) => tokensOf(word, within))),
    })),
  );
}

/**
 * The people who meet the conditions that concern themselves. By name they are found first and placed
 * then: left to choose, the planner asks the index of names anew for each village of a state.
 */
function peopleWho(conditions: readonly Prisma.Sql[], words: readonly WordTokens[]): Prisma.Sql {
  const fence = words.length === 0 ? Prisma.empty : Prisma.sql`OFFSET 0`;
  return Prisma.sql`(SELECT id, name_tokens, area_id, institution_id, author_id
    FROM patient AS person WHERE ${Prisma.join([...conditions], ' AND ')} ${fence})`;
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
  { question, area, identified }: LookUp,
): Promise<Prisma.Sql[]> {
  const { phone, born } = question;
  const conditions: Prisma.Sql[] = [];
  const areaIds = area?.areaIds ?? null;
  if (areaIds !== null) conditions.push(Prisma.sql`person.area_id = ANY (${[...areaIds]}::uuid[])`);
  if (identified !== null) {
    conditions.push(Prisma.sql`person.id = ANY (${[...identified]}::uuid[])`);
  }
  if (born?.from != null) conditions.push(Prisma.sql`person.birth_date >= ${born.from}::date`);
  if (born?.to != null) conditions.push(Prisma.sql`person.birth_date <= ${born.to}::date`);
  if (phone !== null) {
    const tokens = await sealing.blindIndexFor('Patient', 'phoneIndex', phone);
    if (tokens.length === 0) {
      throw new Fault('BAD_USER_INPUT', { at: 'phone', reason: 'NOT_A_PHONE' });
    }
    conditions.push(Prisma.sql`person.phone_index = ANY (${tokens}::text[])`);
  }
  return conditions;
}
