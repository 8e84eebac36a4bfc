-- How many keys of an owner an erasure destroyed, in all its runs together: what its certificate says
-- must not depend on where a run was killed.
DO $$
DECLARE
  store text;
BEGIN
  FOREACH store IN ARRAY ARRAY['patient', 'clinical', 'prescription', 'institution', 'audit'] LOOP
    EXECUTE format('ALTER TABLE %I.key_owner
      ADD COLUMN keys_destroyed integer NOT NULL DEFAULT 0,
      ADD CHECK (keys_destroyed = 0 OR erased)', store);
  END LOOP;
END
$$;
