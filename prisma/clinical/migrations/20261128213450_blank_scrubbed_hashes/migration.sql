-- The hash of an operation covers all that it said, and confirms a guess of a name. An operation that
-- has neither a record nor a payload was refused, or whom it told of was erased: it keeps no hash.
UPDATE "operation_record" SET "request_hash" = ''
WHERE NOT "result" ? 'entityId' AND "sealed_payload" IS NULL;
