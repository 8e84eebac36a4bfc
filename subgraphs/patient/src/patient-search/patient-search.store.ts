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
      const words = await tokensOf(database, what);
      const conditions = [
        reached(scope),
        ...words.map((word) => fits(word, what.tier)),
        ...(await exactly(database, what)),
      ];
      return prisma.$queryRaw<Candidate[]>`
        SELECT id::text, rank FROM (
          SELECT person.id, ${rankBy(words)} AS rank
          FROM patient AS person JOIN area_ref AS place ON place.id = person.area_id
          WHERE ${Prisma.join(conditions, ' AND ')}
          LIMIT ${what.limit}) AS candidate
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

/** The tokens of one word in all districts: any of each list shows that it may be there. */
interface WordTokens {
  readonly beginning: readonly string[];
  readonly sound: readonly string[];
}

async function tokensOf({ sealing }: StoreClient, what: LookUp): Promise<WordTokens[]> {
  // An identifier has said who it is; the name is compared once they are open.
  const words = what.identified === null ? (what.question.name?.words.indexed ?? []) : [];
  const ask = async (word: QueryWord, aspect: keyof WordTokens) => {
    const tokens = what.districtIds.map((within) =>
      sealing.blindIndexFor('Patient', 'nameTokens', word.beginning, { within, aspect }),
    );
    return (await Promise.all(tokens)).flat();
  };
  return Promise.all(
    words.map(async (word) => ({
      beginning: await ask(word, 'beginning'),
      sound: await ask(word, 'sound'),
    })),
  );
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
