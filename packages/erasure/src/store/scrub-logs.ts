import { touched, type ErasureTx } from './erasure-transaction.ts';

/** A record that goes: devices hear of it as a removal, in each area where they may hold it. */
export interface GoneRecord {
  readonly typename: string;
  readonly id: string;
  readonly version: number;
  readonly areas: readonly (string | null)[];
}

/**
 * Empties what the writes of a person left beside their effect: payloads that were kept, values that
 * lost a conflict, the history of their records in the change log. An operation keeps its id, its
 * verdict and the codes of its problems; who sends it again hears that the person was erased.
 *
 * @param owners the person, and households that go along: whose keys sealed what was kept
 * @param gone the records that this transaction deletes
 * @param left records that stay, and told of the person: what was asked of them keeps no hash
 * @returns how many rows were deleted or emptied
 */
export async function scrubWrites(
  tx: ErasureTx,
  owners: readonly string[],
  gone: readonly GoneRecord[],
  at: Date,
  left: readonly string[] = [],
): Promise<number> {
  const ids = [...new Set([...owners, ...gone.map((one) => one.id)])];
  const operations = await scrubOperations(tx, { owners, ids, left });
  const conflicts = await touched(
    tx,
    'DELETE FROM conflict_record WHERE kept_owner_id = ANY($1::uuid[]) OR entity_id = ANY($2::uuid[])',
    owners,
    ids,
  );
  return operations + conflicts + (await logRemovals(tx, gone, at));
}

/**
 * Threat: the hash of an operation covers all that it said, so that whoever has the store and the key
 * of the hashes confirms a guess of a name. Defence: it goes as well. One pass, because there is no
 * index to find these rows by.
 */
function scrubOperations(
  tx: ErasureTx,
  about: {
    readonly owners: readonly string[];
    readonly ids: readonly string[];
    readonly left: readonly string[];
  },
): Promise<number> {
  return touched(
    tx,
    `WITH about AS MATERIALIZED (
       SELECT id, payload_owner_id = ANY($1::uuid[]) OR result->>'entityId' = ANY($2::text[]) AS goes
       FROM operation_record
       WHERE payload_owner_id = ANY($1::uuid[]) OR result->>'entityId' = ANY($2::text[])
         OR (request_hash <> ''
           AND (payload_owner_id = ANY($3::uuid[]) OR result->>'entityId' = ANY($3::text[])))
     )
     UPDATE operation_record AS one SET request_hash = '',
       sealed_payload = CASE WHEN goes THEN NULL ELSE sealed_payload END,
       payload_owner_id = CASE WHEN goes THEN NULL ELSE payload_owner_id END,
       result = CASE WHEN goes THEN result - 'entityId' - 'version' ELSE result END
     FROM about WHERE one.id = about.id`,
    about.owners,
    about.ids,
    about.left,
  );
}

/** One removal for each record and area stands for all that the log told of it. */
async function logRemovals(tx: ErasureTx, gone: readonly GoneRecord[], at: Date): Promise<number> {
  if (gone.length === 0) return 0;
  const forgotten = await touched(
    tx,
    'DELETE FROM change_log_entry WHERE entity_id = ANY($1::uuid[])',
    gone.map((one) => one.id),
  );
  const removals = gone.flatMap(({ typename, id, version, areas }) =>
    [...new Set(areas)].map((area) => ({ typename, id, version: version + 1, area })),
  );
  await tx.query(
    `INSERT INTO change_log_entry
       (typename, entity_id, version, area_before, area_after, changed_at)
     SELECT typename, id, version, area, NULL, $2
     FROM jsonb_to_recordset($1::jsonb) AS one (typename text, id uuid, version int, area uuid)`,
    [JSON.stringify(removals), at],
  );
  return forgotten;
}

/**
 * Deletes the events that tell where a person belongs, and spent copies of those that tell who saw
 * their record. What audit has not heard yet goes on its way: it holds ids only.
 *
 * @returns how many rows were deleted or emptied
 */
export async function scrubEvents(tx: ErasureTx, patientId: string): Promise<number> {
  const sent = await touched(
    tx,
    `DELETE FROM outbox_event
     WHERE (type = 'org.caregraph.patient.placed.v1' AND subject = $1)
       OR (type = 'org.caregraph.record.accessed.v1' AND published_at IS NOT NULL
         AND data->'accesses' @> jsonb_build_array(jsonb_build_object('patientId', $1::text)))`,
    patientId,
  );
  // The tombstone answers for an event that was set aside: it would be ignored now.
  const received = await touched(
    tx,
    `UPDATE inbox_message SET envelope = NULL, state = 'TAKEN', reason = NULL
     WHERE envelope IS NOT NULL AND type = 'org.caregraph.patient.placed.v1'
       AND envelope->>'subject' = $1`,
    patientId,
  );
  return sent + received;
}
