-- Wrapped keys, one schema a subgraph. What they open lies in the subgraph's own store.
DO $$
DECLARE
  store text;
  usual_path text := current_setting('search_path');
BEGIN
  FOREACH store IN ARRAY ARRAY['patient', 'clinical', 'prescription', 'institution', 'audit'] LOOP
    EXECUTE format('CREATE SCHEMA %I', store);
    EXECUTE format('SET LOCAL search_path TO %I', store);

    -- One an institution and month, wrapped by the KEK. A rotation makes the next generation.
    CREATE TABLE partition_key (
      id uuid PRIMARY KEY,
      institution_id uuid NOT NULL,
      month date NOT NULL,
      generation integer NOT NULL DEFAULT 1,
      key_service text NOT NULL,
      kek_version integer NOT NULL CHECK (kek_version > 0),
      wrapped bytea NOT NULL CHECK (length(wrapped) BETWEEN 33 AND 4096),
      created_at timestamptz(3) NOT NULL,
      UNIQUE (institution_id, month, generation)
    );
    CREATE INDEX partition_key_kek ON partition_key (kek_version, id);

    -- Whoever has keys, or had them: an erased owner stays here and never gets keys again.
    CREATE TABLE key_owner (
      id uuid PRIMARY KEY,
      erased boolean NOT NULL DEFAULT false,
      erased_at timestamptz(3),
      CHECK (erased = (erased_at IS NOT NULL)),
      UNIQUE (id, erased)
    );

    -- The foreign key holds owner_erased = false against the owner: no key outlives an erasure,
    -- and none can be made after it, however two processes race.
    CREATE TABLE data_key (
      id uuid PRIMARY KEY,
      owner_id uuid NOT NULL,
      owner_erased boolean NOT NULL DEFAULT false CHECK (NOT owner_erased),
      partition_key_id uuid NOT NULL REFERENCES partition_key (id) ON DELETE RESTRICT,
      wrapped bytea NOT NULL CHECK (length(wrapped) = 61),
      state text NOT NULL DEFAULT 'ACTIVE' CHECK (state IN ('ACTIVE', 'RETIRED')),
      reserved_uses bigint NOT NULL CHECK (reserved_uses >= 0),
      created_at timestamptz(3) NOT NULL,
      retired_at timestamptz(3),
      CHECK ((state = 'RETIRED') = (retired_at IS NOT NULL)),
      FOREIGN KEY (owner_id, owner_erased) REFERENCES key_owner (id, erased)
        ON DELETE RESTRICT ON UPDATE RESTRICT
    );
    CREATE UNIQUE INDEX data_key_active ON data_key (owner_id) WHERE state = 'ACTIVE';
    CREATE INDEX data_key_owner ON data_key (owner_id);
    CREATE INDEX data_key_partition ON data_key (partition_key_id, id);
    CREATE INDEX data_key_worn ON data_key (reserved_uses) WHERE reserved_uses >= 536870912;

    -- One a blind index, wrapped by the KEK; two while it changes.
    CREATE TABLE index_key (
      id uuid PRIMARY KEY,
      field text NOT NULL,
      generation integer NOT NULL,
      -- NEXT is searched by and not written with, so that all processes know it before it is used.
      state text NOT NULL CHECK (state IN ('NEXT', 'WRITTEN', 'OUTGOING')),
      key_service text NOT NULL,
      kek_version integer NOT NULL CHECK (kek_version > 0),
      wrapped bytea NOT NULL CHECK (length(wrapped) BETWEEN 33 AND 4096),
      created_at timestamptz(3) NOT NULL,
      UNIQUE (field, generation)
    );
    CREATE UNIQUE INDEX index_key_written ON index_key (field) WHERE state = 'WRITTEN';
    CREATE INDEX index_key_kek ON index_key (kek_version, id);

    -- Since when every value of the store is sealed: from then on plain bytes are refused.
    CREATE TABLE store_state (
      only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
      sealed_at timestamptz(3) NOT NULL
    );
  END LOOP;
  PERFORM set_config('search_path', usual_path, true);
END
$$;

-- Work that goes on after a kill where it was. A job is of one store, or of all: ''.
CREATE TABLE key_job (
  id uuid PRIMARY KEY,
  store text NOT NULL,
  kind text NOT NULL,
  subject text NOT NULL,
  state text NOT NULL CHECK (state IN ('RUNNING', 'WAITING', 'DONE')),
  phase text NOT NULL,
  position jsonb NOT NULL,
  done bigint NOT NULL DEFAULT 0,
  total bigint,
  not_before timestamptz(3),
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  finished_at timestamptz(3),
  CHECK ((state = 'DONE') = (finished_at IS NOT NULL))
);
CREATE UNIQUE INDEX key_job_open ON key_job (store, kind, subject) WHERE state <> 'DONE';
CREATE INDEX key_job_last ON key_job (kind, finished_at);
