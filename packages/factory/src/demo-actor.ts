import type { Purpose, Role } from '@caregraph/access';
import type { District } from './district.ts';

/** What a token of someone in a district says. */
export interface DemoActor {
  /** The `actor` of their operations. */
  readonly key: string;
  readonly label: string;
  /** Subject of the token. */
  readonly staffId: string;
  readonly roles: readonly [Role];
  readonly institutionId: string;
  readonly areaRoots: readonly string[];
  readonly purposes: readonly [Purpose, ...Purpose[]];
  /** True for the few that a list of sign-ins shows. */
  readonly featured: boolean;
}

const featuredKeys = [
  'health-worker-1',
  'health-worker-2',
  'supervisor-1',
  'clinician-1',
  'hospital-clinician-1',
  'pharmacist-1',
  'institution-admin',
  'auditor',
  'platform-admin',
  'partner',
];

/**
 * Everybody who writes or reads in a district, for minting tokens. The featured ones come first.
 *
 * @example demoActors(district).filter(({ featured }) => featured)
 */
export function demoActors({ staff }: Pick<District, 'staff'>): readonly DemoActor[] {
  const actors = [...staff.all, staff.partner].map((member): DemoActor => {
    const { key, label, id: staffId, role, institutionId, areaRoots, purposes } = member;
    const featured = featuredKeys.includes(key);
    return { key, label, staffId, roles: [role], institutionId, areaRoots, purposes, featured };
  });
  const place = ({ key }: DemoActor) => featuredKeys.indexOf(key) + 1 || Number.POSITIVE_INFINITY;
  return actors.toSorted((a, b) => (place(a) === place(b) ? 0 : place(a) - place(b)));
}
