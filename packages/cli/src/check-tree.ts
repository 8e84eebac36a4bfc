import { createHash } from 'node:crypto';

/** A sentence that names the file and what is wrong with it. */
type Finding = string;

const drawers = new Set([
  'utils',
  'helpers',
  'common',
  'shared',
  'misc',
  'core',
  'lib',
  'util',
  'helper',
]);

/**
 * Paths whose file or folder is named like a drawer for everything: its content has a better home.
 *
 * @example drawerNames(['packages/access/src/utils/date.ts']) // one finding
 */
export function drawerNames(paths: readonly string[]): Finding[] {
  const found = paths.flatMap((path) =>
    path
      .split('/')
      .filter((segment) => isDrawer(segment))
      .map((segment) => `${path}: "${segment}" is a drawer, not a place`),
  );
  return [...new Set(found)];
}

/** `date-utils.ts` and `patient.helpers.ts` are drawers too; `shared-care.ts` is a clinical term. */
function isDrawer(segment: string): boolean {
  return segment
    .split('.')
    .some((part) => drawers.has(part) || /-(utils?|helpers?|misc)$/.test(part));
}

const machinePath = /(?<![\w.:/$}-])\/(?:work|home|Users|root|tmp)\/[\w.-]+/;
const registryHost = /https?:\/\/(?:[\w-]+\.)*(?:registry|npm|npmjs)\.[\w.-]+|"resolve[d]": "http/;

/** Lines that hold a path of one machine or the host of a package registry: neither is portable. */
export function unportable(path: string, text: string): Finding[] {
  return text.split('\n').flatMap((line, index) => {
    const hit = machinePath.exec(line) ?? registryHost.exec(line);
    return hit === null ? [] : [`${path}:${index + 1}: ${hit[0]}`];
  });
}

/**
 * Files that every store must hold alike, because one package serves all of them; a store that
 * lacks one is left out.
 *
 * @param contents file name → store → text
 */
export function differingCopies(
  contents: ReadonlyMap<string, ReadonlyMap<string, string>>,
): Finding[] {
  const findings: Finding[] = [];
  for (const [file, copies] of contents) {
    const groups = Map.groupBy(copies, ([, text]) =>
      createHash('sha256').update(text).digest('hex'),
    );
    if (groups.size < 2) continue;
    const stores = [...groups.values()].map((group) => group.map(([store]) => store).join(', '));
    findings.push(`${file} differs between stores: ${stores.join(' | ')}`);
  }
  return findings;
}

/**
 * Optional packages that a lockfile does not hold. `npm ci` refuses such a lockfile; it comes about
 * when a version was published without the packages of some platforms.
 *
 * @param packages the `packages` table of a package-lock.json
 */
export function missingOptionals(packages: LockedPackages): Finding[] {
  const locked = new Set(Object.keys(packages).map((path) => path.split('node_modules/').at(-1)));
  return Object.entries(packages).flatMap(([path, { optionalDependencies }]) =>
    Object.entries(optionalDependencies ?? {})
      .filter(([name]) => !locked.has(name))
      .map(([name, range]) => `${path} needs ${name} ${range}, which the lockfile lacks`),
  );
}

export type LockedPackages = Readonly<
  Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>
>;
