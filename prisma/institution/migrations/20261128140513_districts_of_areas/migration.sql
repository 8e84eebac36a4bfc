-- Tokens of staff contacts are planned at 20 bits now: their beginning is what would be computed.
UPDATE "staff" SET "contact_index" = ARRAY(
  SELECT DISTINCT left(token, 5) FROM unnest("contact_index") AS token ORDER BY 1)
WHERE cardinality("contact_index") > 0;

-- Tells every area anew, with the district it lies in: stores that index by district wait for it,
-- and to all others it is no news. An area never changes its parent, so this is said once.
INSERT INTO "outbox_event" ("id", "type", "subject", "data", "created_at")
SELECT gen_random_uuid(), 'org.caregraph.area.placed.v1', place."id"::text,
  jsonb_build_object(
    'areaId', place."id",
    'ancestors', to_jsonb(place."ancestors"),
    'districtId', COALESCE(
      (SELECT above."id" FROM "area" AS above
       WHERE above."id" = ANY (place."ancestors") AND above."kind" NOT IN ('COUNTRY', 'STATE')
       ORDER BY cardinality(above."ancestors") LIMIT 1),
      place."id"),
    'version', place."version"),
  now()
FROM "area" AS place ORDER BY cardinality(place."ancestors"), place."id";
