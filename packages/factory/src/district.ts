import { addDays, isCivilDate, type CivilDate } from '@caregraph/guideline';
import { instantOn } from './event-time.ts';
import type { DistrictOperation } from './operation-input.ts';
import { createRandom, type Random } from './random.ts';
import { createStaff, type Staff } from './staff.ts';
import { createTerritory, type Territory } from './territory.ts';

export interface DistrictOptions {
  /** Any text or number: the same one gives the same district. */
  readonly seed: string | number;
  /** The civil date that ages and due dates are made for; everything happened before it. */
  readonly today: CivilDate;
  /** About 4.6 people each; 500 when left out. */
  readonly households?: number;
  /** 4 when left out. */
  readonly blocks?: number;
  /** 6 when left out. */
  readonly villagesPerBlock?: number;
}

/** A district: its map and its people at work; households are made when they are asked for. */
export interface District {
  readonly seed: string;
  readonly today: CivilDate;
  readonly households: number;
  /** When the areas, institutions and staff were registered, as a civil date. */
  readonly foundedOn: CivilDate;
  readonly territory: Territory;
  readonly staff: Staff;
  readonly random: Random;
}

/** Some of the households of a district, by their numbers: from the first up to before the last. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A district that can tell its history. */
export interface GeneratedDistrict extends District {
  /** The writes that make the district, in causal order; a new pass with each call. */
  operations(): Generator<DistrictOperation, void, undefined>;
}

const foundedDaysAgo = 1_000;

/** Draws the map of a district and hires its staff. */
export function foundDistrict(options: DistrictOptions): District {
  const { today, households = 500, blocks = 4, villagesPerBlock = 6 } = options;
  if (!isCivilDate(today)) throw new RangeError('today is not a civil date (YYYY-MM-DD)');
  for (const [name, count, most] of [
    ['households', households, 1_000_000],
    ['blocks', blocks, 20],
    ['villagesPerBlock', villagesPerBlock, 176 / blocks],
  ] as const) {
    const possible = Number.isInteger(count) && count >= 1 && count <= most;
    if (!possible) throw new RangeError(`${name} is not a whole number from 1 to ${most}`);
  }
  const seed = String(options.seed);
  const random = createRandom(`district ${seed}`);
  const foundedOn = addDays(today, -foundedDaysAgo);
  const at = instantOn(foundedOn, 180);
  const territory = createTerritory({ blocks, villagesPerBlock }, at, random);
  const staff = createStaff(territory, at, random);
  return { seed, today, households, foundedOn, territory, staff, random };
}
