-- Phones are read otherwise from now on where they had no token: tel:, digits of more scripts, and the
-- first of several numbers. So are names of more than eight words, whose initials now give way to words
-- that can be found. Nine words and what separates them are 17 bytes, and what seals them 77 more; a
-- sealed value tells no more of itself. A row without a district is indexed anew, its phone along, by the
-- job that seals existing values, and until then a search by name answers INDEX_BEHIND.
UPDATE "patient" SET "district_id" = NULL
WHERE ("phone" IS NOT NULL AND "phone_index" IS NULL) OR octet_length("name") >= 94;
