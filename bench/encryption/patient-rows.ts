import { createHash } from 'node:crypto';
import { createIdSource, fixedClock } from '@caregraph/clock';
import type { DatabasePool } from '@caregraph/database';
import type { Stored } from '@caregraph/encryption';
import { createRandom, type Random } from '@caregraph/factory';
import { familyName, givenName } from '../../packages/factory/src/name-list.ts';

/** A made-up patient before anything is sealed, with the fields that a row has. */
export interface PatientDraft {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly phone: string;
  readonly sex: 'FEMALE' | 'MALE';
  readonly birthDate: string;
  readonly institutionId: string;
  readonly areaId: string;
  /** Names are indexed under the key of the district. */
  readonly districtId: string;
  readonly recordedAt: Date;
}

export interface PatientPlan {
  readonly seed: string;
  readonly count: number;
  /** Over how many months, and in how many institutions, they were registered. */
  readonly months: number;
  readonly institutions: number;
  readonly districts: number;
}

const areasInDistrict = 40;
const firstMonth = Date.UTC(2023, 0, 2);
const monthMs = 30.44 * 86_400_000;

/** Patients in the order of their registration; the same seed gives the same people and ids. */
export function* draftPatients(plan: PatientPlan): Generator<PatientDraft> {
  const random = createRandom(plan.seed);
  const clock = fixedClock(new Date(firstMonth));
  const ids = createIdSource(clock, (bytes) => random.fill(bytes));
  const institutions = Array.from({ length: plan.institutions }, () => ids.next());
  const districts = Array.from({ length: plan.districts }, () => ids.next());
  const areas = Array.from({ length: plan.districts * areasInDistrict }, (_, at) => ({
    areaId: ids.next(),
    districtId: districts[at % plan.districts] ?? '',
  }));
  for (let made = 0; made < plan.count; made += 1) {
    clock.advance(Math.floor((plan.months * monthMs) / (plan.count + 1)));
    const sex = random.chance(0.5) ? 'FEMALE' : 'MALE';
    yield {
      id: ids.next(),
      ...particulars(random, sex),
      institutionId: random.pick(institutions),
      ...random.pick(areas),
      recordedAt: clock.now(),
    };
  }
}

function particulars(random: Random, sex: 'FEMALE' | 'MALE') {
  const script = random.chance(0.7) ? 'LATIN' : random.chance(0.7) ? 'DEVANAGARI' : 'ARABIC';
  const family = familyName(random, script);
  const [house, ward, number] = [random.int(1, 400), random.int(1, 30), random.int(0, 99_999_999)];
  return {
    sex,
    name: `${givenName(random, script, sex)} ${family}`,
    address: `House ${house}, ward ${ward}, behind the school, ${family} lane`,
    phone: `+9198${String(number).padStart(8, '0')}`,
    birthDate: `${random.int(1935, 2021)}-0${random.int(1, 9)}-1${random.int(0, 9)}`,
  };
}

/** Cuts a stream of patients into lists. */
export function* inBatches<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/**
 * Inserts rows as `sealRows` gave them, by one statement. Arrays of arrays cannot be unnested, so
 * the tokens, which are hexadecimal, travel as one text a row.
 */
export async function insertPatients(pool: DatabasePool, rows: readonly Stored[]): Promise<void> {
  const column = (name: string) => rows.map((row) => row[name] ?? null);
  const bytes = (name: string) =>
    rows.map((row) => (row[name] instanceof Uint8Array ? Buffer.from(row[name]) : null));
  const tokens = rows.map((row) =>
    Array.isArray(row['nameTokens']) ? row['nameTokens'].join(',') : '',
  );
  await pool.query(
    `INSERT INTO area_ref (id, ancestors, district_id, version)
     SELECT DISTINCT id, ARRAY[district_id, id], district_id, 1
     FROM unnest($1::uuid[], $2::uuid[]) AS area (id, district_id) ON CONFLICT DO NOTHING`,
    [column('areaId'), column('districtId')],
  );
  await pool.query(
    `INSERT INTO patient (id, name, name_tokens, address, phone, phone_index, sex, birth_date,
       birth_date_estimated, status, area_id, district_id, institution_id, version, field_versions, author_id,
       recorded_at, received_at)
     SELECT id, name, string_to_array(tokens, ','), address, phone, phone_index, sex, birth_date,
       false, 'ACTIVE', area_id, district_id, institution_id, 1, '{}', institution_id, recorded_at, recorded_at
     FROM unnest($1::uuid[], $2::bytea[], $3::text[], $4::bytea[], $5::bytea[], $6::text[],
       $7::text[], $8::date[], $9::uuid[], $10::uuid[], $11::uuid[], $12::timestamptz[])
       AS row (id, name, tokens, address, phone, phone_index, sex, birth_date, area_id,
         district_id, institution_id, recorded_at)`,
    [
      ...[column('id'), bytes('name'), tokens, bytes('address'), bytes('phone')],
      ...[column('phoneIndex'), column('sex'), column('birthDate'), column('areaId')],
      ...[column('districtId'), column('institutionId'), column('recordedAt')],
    ],
  );
}

/** Tells whether two sides opened the same values. */
export function createDigest(): { add(...values: (string | null)[]): void; end(): string } {
  const hash = createHash('sha256');
  return {
    add: (...values) => void hash.update(JSON.stringify(values)),
    end: () => hash.digest('hex'),
  };
}
