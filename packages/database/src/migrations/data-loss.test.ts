import { describe, expect, it } from 'vitest';
import { wardTables } from '../fixtures/test-server.ts';
import { findDataLoss } from './data-loss.ts';

describe('findDataLoss', () => {
  it('finds nothing in a script that only adds', () => {
    expect(findDataLoss(wardTables)).toEqual([]);
    expect(findDataLoss('ALTER TABLE "bed" ADD COLUMN     "floor" INTEGER;')).toEqual([]);
    const withDefault = 'ALTER TABLE "bed" ADD COLUMN     "floor" INTEGER NOT NULL DEFAULT 0;';
    expect(findDataLoss(withDefault)).toEqual([]);
  });

  it.each([
    ['-- DropTable\nDROP TABLE "bed";', ['drops table bed with all its rows']],
    [
      '-- AlterTable\nALTER TABLE "bed" DROP COLUMN "a",\nDROP COLUMN "b",\nADD COLUMN     "c" TEXT;',
      ['drops column bed.a with all its values', 'drops column bed.b with all its values'],
    ],
    [
      'ALTER TABLE "bed" ADD COLUMN     "c" DECIMAL(5,2) NOT NULL;',
      ['adds bed.c as required without a default: fails when there are rows'],
    ],
    [
      'ALTER TABLE "bed" ALTER COLUMN "c" SET DATA TYPE VARCHAR(3);',
      ['changes the type of bed.c: values may be cut or refused'],
    ],
    [
      'ALTER TABLE "bed" ALTER COLUMN "c" SET NOT NULL;',
      ['makes bed.c required: fails when a row lacks a value'],
    ],
    [
      'CREATE UNIQUE INDEX "bed_c_key" ON "bed"("c");',
      ['makes bed_c_key unique on bed: fails when rows repeat a value'],
    ],
    [
      '-- AlterEnum\nCREATE TYPE "S_new" AS ENUM (\'A\');\nALTER TYPE "S" RENAME TO "S_old";',
      ['removes values of S: fails when rows still hold them'],
    ],
  ])('finds the danger in %j', (sql, dangers) => {
    expect(findDataLoss(sql)).toEqual(dangers);
  });
});
