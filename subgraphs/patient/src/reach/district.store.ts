import { Fault } from '@caregraph/fault';
import type { ReceivedEvent, SqlSession } from '@caregraph/messaging';
import type { StoreTx } from '../client.ts';

/**
 * The district of an area, under whose key the names of its people are indexed.
 *
 * @throws Fault SCOPE_BEHIND when this store has not heard of it: a name in the index of a wrong
 *   district would not be found
 */
export async function districtOf(tx: StoreTx, areaId: string): Promise<string> {
  const area = await tx.areaRef.findUnique({ where: { id: areaId }, select: { districtId: true } });
  if (area?.districtId == null) throw new Fault('SCOPE_BEHIND');
  return area.districtId;
}

/**
 * Keeps the store's knowledge of the area tree: a later version replaces an earlier one, and one
 * that tells the district, one that did not. A district once known stays, since no area changes
 * its parent and an institution subgraph of an older version does not tell.
 */
export async function placeAreas(
  tx: SqlSession,
  events: readonly ReceivedEvent<'org.caregraph.area.placed.v1'>[],
): Promise<void> {
  await tx.$executeRawUnsafe(
    `INSERT INTO area_ref (id, ancestors, district_id, version)
     SELECT DISTINCT ON ("areaId") "areaId", "ancestors",
       max("districtId"::text) OVER (PARTITION BY "areaId")::uuid, "version"
     FROM jsonb_to_recordset($1::jsonb)
       AS placed ("areaId" uuid, "ancestors" uuid[], "districtId" uuid, "version" int)
     ORDER BY "areaId", "version" DESC
     ON CONFLICT (id) DO UPDATE SET ancestors = EXCLUDED.ancestors,
       district_id = COALESCE(area_ref.district_id, EXCLUDED.district_id),
       version = EXCLUDED.version
     WHERE area_ref.version < EXCLUDED.version
       OR (area_ref.version = EXCLUDED.version AND area_ref.district_id IS NULL)`,
    JSON.stringify(events.map((event) => event.data)),
  );
}
