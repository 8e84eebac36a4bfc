import type { DatabasePool } from '@caregraph/database';
import type { MissingContext } from '@caregraph/encryption';

/**
 * Patients whose district was not known when they were written are in no index of names. Areas tell
 * their district later, and it never changes then.
 */
export function createMissingDistricts(pool: DatabasePool): MissingContext {
  return {
    async any() {
      const { rowCount } = await pool.query(
        `SELECT FROM patient JOIN area_ref ON area_ref.id = patient.area_id
         WHERE patient.district_id IS NULL AND area_ref.district_id IS NOT NULL LIMIT 1`,
      );
      return rowCount === 1;
    },
    async fill(model, rows) {
      const lacking = rows.filter((row) => model === 'Patient' && row['districtId'] === null);
      if (lacking.length === 0) return [...rows];
      const { rows: known } = await pool.query<{ id: string; district: string }>(
        `SELECT patient.id::text, area_ref.district_id::text AS district
         FROM patient JOIN area_ref ON area_ref.id = patient.area_id
         WHERE patient.id = ANY($1::uuid[]) AND area_ref.district_id IS NOT NULL`,
        [lacking.map((row) => row['id'])],
      );
      const districts = new Map(known.map(({ id, district }) => [id, district]));
      return rows.map((row) => {
        const districtId = districts.get(String(row['id']));
        return districtId === undefined ? row : { ...row, districtId };
      });
    },
  };
}
