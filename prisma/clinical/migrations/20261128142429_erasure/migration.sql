-- CreateTable
CREATE TABLE "erased_subject" (
    "id" UUID NOT NULL,
    "erased_at" TIMESTAMPTZ(3) NOT NULL,
    "part_of" UUID,
    "rows" INTEGER NOT NULL,

    CONSTRAINT "erased_subject_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "erased_subject_part_of_idx" ON "erased_subject"("part_of");


-- What follows is written by hand.

-- Which of these ids were erased. An erasure takes the same lock alone, so that it waits for whoever
-- has asked until they are done, and the answer stays true for them. Each statement of the function
-- sees what was committed before it: asked after the lock, the table tells of every erasure that ran.
CREATE FUNCTION erased_among(named uuid[]) RETURNS uuid[] LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(hashtextextended('erasure ' || one.id, 0))
  FROM (SELECT DISTINCT given.id::text FROM unnest(named) AS given (id) ORDER BY 1) AS one (id);
  RETURN ARRAY(SELECT erased.id FROM erased_subject AS erased WHERE erased.id = ANY (named)
    ORDER BY erased.id);
END
$$;
