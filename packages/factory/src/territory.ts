import { idAt } from './event-time.ts';
import { placeName } from './name-list.ts';
import type { InstitutionKind } from './operation-input.ts';
import type { Random } from './random.ts';

export interface Place {
  readonly id: string;
  readonly kind: 'COUNTRY' | 'STATE' | 'DISTRICT' | 'BLOCK' | 'VILLAGE';
  readonly name: string;
  readonly code?: string;
  readonly parentId?: string;
}

export interface Facility {
  readonly id: string;
  readonly kind: InstitutionKind;
  readonly name: string;
  readonly registryCode: string;
  readonly areaId: string;
}

export interface Block extends Place {
  readonly clinic: Facility;
  readonly post: Facility;
}

export interface Village extends Place {
  /** From 0, over the whole district. */
  readonly number: number;
  readonly block: Block;
}

/** The areas and institutions of a district. */
export interface Territory {
  /** Parents before children. */
  readonly places: readonly Place[];
  readonly facilities: readonly Facility[];
  readonly district: Place;
  readonly blocks: readonly Block[];
  readonly villages: readonly Village[];
  readonly hospital: Facility;
  readonly pharmacy: Facility;
  readonly laboratory: Facility;
  readonly office: Facility;
}

export const timeZone = 'Asia/Kolkata';

/**
 * Draws the map: an invented country with one district, its blocks and villages, the district's
 * hospital, pharmacy, laboratory and office, and a clinic and a health post for every block.
 *
 * @param at when it was registered
 */
export function createTerritory(
  size: { readonly blocks: number; readonly villagesPerBlock: number },
  at: string,
  seed: Random,
): Territory {
  const random = seed.fork('territory');
  const id = () => idAt(at, random);
  // XX is set aside by ISO 3166-1 for the use of anybody: it is nobody's country.
  const country: Place = { id: id(), kind: 'COUNTRY', name: 'Suvarnabhoomi', code: 'XX' };
  const state = below(country, 'STATE', 'Kesaripradesh', id(), 'XX-KE');
  const district = below(state, 'DISTRICT', 'Tilakvan', id(), 'XX-KE-07');
  const facility = facilityIn(id);
  const [hospital, pharmacy, laboratory, office] = [
    facility('HOSPITAL', 'Tilakvan District Hospital', 'XF-0001', district),
    facility('PHARMACY', 'Tilakvan Town Pharmacy', 'XF-0002', district),
    facility('LABORATORY', 'Tilakvan Public Laboratory', 'XF-0003', district),
    facility('OFFICE', 'Tilakvan District Health Office', 'XF-0004', district),
  ] as const;
  const blocks = Array.from({ length: size.blocks }, (_, index): Block => {
    const place = below(district, 'BLOCK', placeName(100 + index), id());
    const number = String(index + 1).padStart(2, '0');
    return {
      ...place,
      clinic: facility('CLINIC', `${place.name} Clinic`, `XF-1${number}1`, place),
      post: facility('HEALTH_POST', `${place.name} Health Post`, `XF-1${number}2`, place),
    };
  });
  const villages = blocks.flatMap((block, index) =>
    Array.from({ length: size.villagesPerBlock }, (_, position): Village => {
      const number = index * size.villagesPerBlock + position;
      return { ...below(block, 'VILLAGE', placeName(number), id()), number, block };
    }),
  );
  const central = [hospital, pharmacy, laboratory, office];
  const facilities = [...central, ...blocks.flatMap(({ clinic, post }) => [clinic, post])];
  const places = [country, state, district, ...blocks, ...villages];
  return { places, facilities, district, blocks, villages, hospital, pharmacy, laboratory, office };
}

function below(parent: Place, kind: Place['kind'], name: string, id: string, code?: string): Place {
  return { id, kind, name, parentId: parent.id, ...(code === undefined ? {} : { code }) };
}

function facilityIn(id: () => string) {
  return (
    kind: InstitutionKind,
    name: string,
    registryCode: string,
    { id: areaId }: Place,
  ): Facility => {
    return { id: id(), kind, name, registryCode, areaId };
  };
}
