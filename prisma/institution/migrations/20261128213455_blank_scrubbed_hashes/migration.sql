-- The hash of an operation covers all that it said, and confirms a guess of a name. An operation that
-- was not refused and has neither a record nor a payload is one about somebody who was erased; one that
-- was refused as such came after the erasure. Neither keeps its hash.
UPDATE "operation_record" SET "request_hash" = ''
WHERE ("verdict" <> 'REJECTED' AND NOT "result" ? 'entityId' AND "sealed_payload" IS NULL)
  OR "result" -> 'problems' @> '[{"code": "ERASED"}]';
