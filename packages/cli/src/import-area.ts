/** An area as the tree lists it. */
interface ListedArea {
  readonly id: string;
  readonly kind: string;
}

export interface AreaPage {
  readonly areas: readonly ListedArea[];
  /** Where the next page begins; undefined on the last one. */
  readonly next: string | undefined;
}

/** A page of the areas right below a parent, or of the roots. */
export type ListAreas = (where: {
  readonly parentId: string | undefined;
  readonly after: string | undefined;
}) => Promise<AreaPage>;

/** What a district may lie below; what lies below a district is none. */
const aboveDistricts: readonly string[] = ['COUNTRY', 'STATE'];
/** A country of 36 states and 800 districts takes 37. */
const maxPages = 300;
const nameIt = 'name the one to import into with --area';

/**
 * The one district of a deployment, however deep it lies.
 *
 * Threat: people land in a country or a state, where nobody who works in a district sees them.
 * Defence: only a district is taken, and only when the whole tree has no other.
 *
 * @param list asks the server; it lists one level at a time
 * @throws Error when there is no district, more than one, or the tree is too large to look through
 * @example const areaId = await findDistrict(list);
 */
export async function findDistrict(list: ListAreas): Promise<string> {
  const { districts, isWhole } = await lookThrough(list);
  const [first] = districts;
  if (districts.length > 1) {
    const atLeast = isWhole ? '' : 'at least ';
    throw new Error(`There are ${atLeast}${districts.length} districts: ${nameIt}.`);
  }
  if (!isWhole) throw new Error(`There are too many areas to look through: ${nameIt}.`);
  if (first !== undefined) return first;
  throw new Error(
    'There is no district to import into: register one, or name an area with --area.',
  );
}

async function lookThrough(
  list: ListAreas,
): Promise<{ readonly districts: readonly string[]; readonly isWhole: boolean }> {
  const districts: string[] = [];
  const parents: (string | undefined)[] = [undefined];
  let pages = 0;
  // Grows while it is walked: what may hold districts is looked into in its turn.
  for (const parentId of parents) {
    let after: string | undefined;
    do {
      if (pages === maxPages) return { districts, isWhole: false };
      const page = await list({ parentId, after });
      pages += 1;
      for (const { id, kind } of page.areas) {
        if (kind === 'DISTRICT') districts.push(id);
        if (aboveDistricts.includes(kind)) parents.push(id);
      }
      after = page.next;
    } while (after !== undefined);
  }
  return { districts, isWhole: true };
}
