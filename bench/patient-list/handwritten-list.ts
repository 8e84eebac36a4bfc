import type { DatabasePool } from '@caregraph/database';

type Pools = Readonly<
  Record<'patient' | 'clinical' | 'prescription' | 'institution', DatabasePool>
>;

/** What the rows are, beside their key: already shaped as the answer wants them. */
interface PatientLine {
  readonly id: string;
  readonly area_id: string;
  readonly institution_id: string;
  readonly node: object;
}

interface Keyed {
  readonly key: string;
  readonly value: unknown;
}

// The copy of the district that is read here holds a version byte and the text, never a seal.
const plain = (column: string) => `convert_from(substring(${column} FROM 2), 'UTF8')`;
const instant = (column: string) =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const patients = `SELECT id, area_id, institution_id, json_build_object('id', id,
    'name', ${plain('name')}, 'birthDate', birth_date, 'sex', sex, 'phone', ${plain('phone')}) AS node
  FROM patient ORDER BY id LIMIT $1`;

const identifiers = `SELECT patient_id AS key,
    json_agg(json_build_object('type', type, 'value', ${plain('value')}) ORDER BY id) AS value
  FROM identifier WHERE patient_id = ANY ($1::uuid[]) GROUP BY patient_id`;

const areas = `SELECT id AS key, json_build_object('id', id, 'name', name) AS value
  FROM area WHERE id = ANY ($1::uuid[])`;

const institutions = `SELECT id AS key, json_build_object('id', id, 'name', name) AS value
  FROM institution WHERE id = ANY ($1::uuid[])`;

const latestCheckups = `SELECT one.patient_id AS key, json_build_object('id', one.id,
    'occurredAt', ${instant('one.occurred_at')}, 'visitType', one.visit_type,
    'vitals', json_build_object('systolicMmHg', one.systolic_mmhg,
      'diastolicMmHg', one.diastolic_mmhg, 'temperatureCelsius', one.temperature_celsius,
      'weightKg', one.weight_kg)) AS value
  FROM unnest($1::uuid[]) AS patient (id)
  CROSS JOIN LATERAL (SELECT * FROM checkup WHERE patient_id = patient.id AND NOT withdraws
    AND NOT EXISTS (SELECT 1 FROM checkup AS later WHERE later.amends_id = checkup.id)
    ORDER BY occurred_at DESC, id DESC LIMIT 1) AS one`;

const prescriptions = `SELECT one.patient_id AS key, json_agg(json_build_object('node',
    json_build_object('id', one.id, 'state',
      CASE WHEN one.state IN ('ISSUED', 'PARTIALLY_DISPENSED')
        AND one.valid_until < (now() AT TIME ZONE 'Asia/Kolkata')::date
        THEN 'EXPIRED' ELSE one.state END,
      'issuedAt', ${instant('one.issued_at')}, 'items', items.list)) ORDER BY one.id DESC) AS value
  FROM unnest($1::uuid[]) AS patient (id)
  CROSS JOIN LATERAL (SELECT * FROM prescription WHERE patient_id = patient.id
    ORDER BY id DESC LIMIT 5) AS one
  CROSS JOIN LATERAL (SELECT json_agg(json_build_object(
      'medicine', json_build_object('name', medicine.title, 'strength', medicine.strength),
      'instructions', ${plain('item.instructions')}, 'quantity', item.quantity)
      ORDER BY item.position) AS list
    FROM prescription_item AS item JOIN medicine ON medicine.code = item.medicine_code
    WHERE item.prescription_id = one.id) AS items
  GROUP BY one.patient_id`;

/**
 * The list as one answer, from six prepared statements in two steps; PostgreSQL builds the JSON.
 *
 * @returns the same JSON as the router's for the same question
 */
export function createHandwrittenList(pools: Pools): (first: number) => Promise<object> {
  return async (first) => {
    const { rows } = await pools.patient.query<PatientLine>({
      name: 'patients',
      text: patients,
      values: [first + 1],
    });
    const page = rows.slice(0, first);
    const ids = page.map(({ id }) => id);
    const [numbers, checkups, orders, places, houses] = await Promise.all([
      byKey(pools.patient, 'identifiers', identifiers, ids),
      byKey(pools.clinical, 'checkups', latestCheckups, ids),
      byKey(pools.prescription, 'prescriptions', prescriptions, ids),
      byKey(pools.institution, 'areas', areas, unique(page.map((one) => one.area_id))),
      byKey(
        pools.institution,
        'institutions',
        institutions,
        unique(page.map((one) => one.institution_id)),
      ),
    ]);
    const edges = page.map(({ id, area_id, institution_id, node }) => ({
      node: {
        ...node,
        area: places.get(area_id),
        institution: houses.get(institution_id),
        identifiers: numbers.get(id) ?? [],
        latestCheckup: checkups.get(id) ?? null,
        prescriptions: { edges: orders.get(id) ?? [] },
      },
    }));
    return { data: { patients: { edges, pageInfo: { hasNextPage: rows.length > first } } } };
  };
}

async function byKey(
  pool: DatabasePool,
  name: string,
  text: string,
  keys: readonly string[],
): Promise<Map<string, unknown>> {
  const { rows } = await pool.query<Keyed>({ name, text, values: [keys] });
  return new Map(rows.map(({ key, value }) => [key, value]));
}

function unique(keys: readonly string[]): string[] {
  return [...new Set(keys)];
}
