-- Names are read otherwise from now on: Abd and what follows it, and letters of Sindhi, Pashto and
-- Kurdish. Tokens of before do not meet a search of now. A row without a district is indexed anew by the
-- job that seals existing values, and until then a search answers INDEX_BEHIND.
UPDATE "patient" SET "district_id" = NULL;
