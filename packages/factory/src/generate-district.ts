import { carePhase } from './care-phase.ts';
import {
  foundDistrict,
  type District,
  type DistrictOptions,
  type GeneratedDistrict,
  type Span,
} from './district.ts';
import { dispensingPhase, stockPhase } from './pharmacy-phase.ts';
import { createRecorder } from './record-operation.ts';
import { registrationPhase } from './registration-phase.ts';
import { settingPhase } from './setting-phase.ts';
import { treatmentPhase } from './treatment-phase.ts';

/** How many households come whole before the rest begins, so that a demo can open with them. */
const openingHouseholds = 12;

function spansOf({ households }: District): Span[] {
  const opening = Math.min(openingHouseholds, households);
  return [
    { from: 0, to: opening },
    { from: opening, to: households },
  ].filter(({ from, to }) => from < to);
}

/**
 * Generates a plausible district: its map, its staff, and the writes of a few years of work. The
 * same options give byte-identical operations, on any machine and at any time. Every person, name,
 * number and place is invented.
 *
 * Households are made when they are asked for and not kept, so that a large district takes no more
 * memory than a small one. The first twelve households come whole, through all phases, before the
 * others. Within a phase, an operation refers only to earlier phases and to
 * earlier operations of the same actor: entries of different actors may be sent at once.
 *
 * @param options.today civil date; everything is recorded before it
 * @param options.households about 4.6 people each
 * @throws RangeError for a date that is none, and for impossible sizes
 * @example for (const { subgraph, actor, entry } of generateDistrict({ seed: 1, today }).operations())
 */
export function generateDistrict(options: DistrictOptions): GeneratedDistrict {
  const district = foundDistrict(options);
  return {
    ...district,
    *operations() {
      const recorder = createRecorder();
      yield* settingPhase(district, recorder);
      yield* stockPhase(district, recorder);
      for (const span of spansOf(district)) {
        yield* registrationPhase(district, span, recorder);
        yield* carePhase(district, span, recorder);
        yield* treatmentPhase(district, span, recorder);
        yield* dispensingPhase(district, span, recorder);
      }
    },
  };
}
