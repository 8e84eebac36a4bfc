-- What was kept before there were owners lies under the key of its own operation, or of its own record:
-- an erasure of the person does not find it. While it is still plain (format version 0), it says itself
-- whose it is. What does not say so, or cannot be read, stays as it is.

CREATE FUNCTION kept_json(kept bytea) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN convert_from(substr(kept, 2), 'UTF8')::jsonb;
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END
$$;

CREATE FUNCTION kept_id(kept jsonb, member text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN kept->>member ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
    THEN (kept->>member)::uuid END
$$;

UPDATE "operation_record" AS operation SET "payload_owner_id" = found.owner_id
FROM (
  SELECT one."id", COALESCE(
    kept_id(kept, 'patientId'),
    (SELECT "patient_id" FROM "prescription" WHERE "id" = kept_id(kept, 'prescriptionId')),
    (SELECT "patient_id" FROM "allergy" WHERE "id" = kept_id(kept, 'allergyId')),
    -- A draft is issued under its own id.
    (SELECT "patient_id" FROM "prescription" WHERE "id" = kept_id(kept, 'id'))
  ) AS owner_id
  FROM "operation_record" AS one
  CROSS JOIN LATERAL (SELECT kept_json(one."sealed_payload") AS kept OFFSET 0) AS plain
  WHERE substr(one."sealed_payload", 1, 1) = '\x00'::bytea AND one."payload_owner_id" = one."id"
) AS found
WHERE operation."id" = found."id" AND found.owner_id IS NOT NULL;

UPDATE "conflict_record" AS conflict SET "kept_owner_id" = record."patient_id"
FROM "prescription" AS record
WHERE conflict."typename" = 'Prescription' AND conflict."entity_id" = record."id"
  AND conflict."kept_owner_id" = conflict."entity_id"
  AND substr(conflict."kept_sealed", 1, 1) = '\x00'::bytea;

-- Who was erased meanwhile is not to be sealed any more, and what was kept of them goes now.
UPDATE "operation_record" SET "sealed_payload" = NULL, "payload_owner_id" = NULL,
  "result" = "result" - 'entityId' - 'version'
WHERE "payload_owner_id" IN (SELECT "id" FROM "erased_subject");

DELETE FROM "conflict_record" WHERE "kept_owner_id" IN (SELECT "id" FROM "erased_subject");

DROP FUNCTION kept_id(jsonb, text);
DROP FUNCTION kept_json(bytea);
