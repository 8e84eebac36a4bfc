import { purposesOf, type Purpose, type Role } from '@caregraph/access';
import { idAt } from './event-time.ts';
import { familyName, givenName } from './name-list.ts';
import type { Block, Place, Territory } from './territory.ts';
import type { Random } from './random.ts';

/** Someone who writes in a district. A partner system is one too, without being a person. */
export interface StaffMember {
  /** Short and stable: health-worker-1, clinician-3, auditor. */
  readonly key: string;
  readonly label: string;
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly institutionId: string;
  /** Roots of the area subtrees that the person works in. */
  readonly areaRoots: readonly string[];
  readonly purposes: readonly [Purpose, ...Purpose[]];
  readonly deviceId: string;
  readonly contact: string;
}

/** Everybody of a district, by what they do in it. */
export interface Staff {
  readonly platformAdmin: StaffMember;
  readonly institutionAdmin: StaffMember;
  readonly auditor: StaffMember;
  readonly partner: StaffMember;
  readonly hospitalClinicians: readonly StaffMember[];
  readonly hospitalPharmacist: StaffMember;
  readonly townPharmacist: StaffMember;
  /** One a block, in the order of the blocks. */
  readonly clinicians: readonly StaffMember[];
  readonly supervisors: readonly StaffMember[];
  /** One a village, in the order of the villages. */
  readonly healthWorkers: readonly StaffMember[];
  readonly all: readonly StaffMember[];
}

/**
 * The same in every district, whatever its seed and day: the documents of a partner are registered
 * under its id, and those of this one ship in schema-registry/documents.
 */
export const demoPartnerId = '0190b5c0-5a1e-7c3d-9f24-6b8e1d7a4c52';

interface Post {
  readonly key: string;
  readonly role: Role;
  readonly title: string;
  readonly institution: { readonly id: string; readonly name: string };
  readonly areas: readonly Pick<Place, 'id' | 'name'>[];
}

/**
 * The staff of a territory: a health worker for every village, a supervisor and a clinician for
 * every block, and the people of the hospital, the pharmacy and the office.
 *
 * @param at when they were hired, before anything else happened
 */
export function createStaff(territory: Territory, at: string, seed: Random): Staff {
  const { district, hospital, pharmacy, laboratory, office, blocks, villages } = territory;
  const hire = (post: Post) => createMember(post, at, seed.fork(`staff ${post.key}`));
  const everywhere = [district];
  const each = (
    role: Role,
    key: string,
    title: string,
    at_: (block: Block) => Post['institution'],
  ) =>
    blocks.map((block, index) =>
      hire({ key: `${key}-${index + 1}`, role, title, institution: at_(block), areas: [block] }),
    );
  const one = (key: string, role: Role, title: string, institution: Post['institution']) =>
    hire({ key, role, title, institution, areas: everywhere });

  const platformAdmin = one('platform-admin', 'platform_admin', 'Platform administrator', office);
  const institutionAdmin = one(
    'institution-admin', 'institution_admin', 'Administrator', hospital,
  ); // prettier-ignore
  const auditor = one('auditor', 'auditor', 'Auditor', office);
  const partner = {
    ...one('partner', 'partner', 'Partner system', laboratory),
    id: demoPartnerId,
  };
  const hospitalPharmacist = one('pharmacist-1', 'pharmacist', 'Pharmacist', hospital);
  const townPharmacist = one('pharmacist-2', 'pharmacist', 'Pharmacist', pharmacy);
  const hospitalClinicians = [1, 2].map((number) =>
    one(`hospital-clinician-${number}`, 'clinician', 'Physician', hospital),
  );
  const clinicians = each('clinician', 'clinician', 'Physician', ({ clinic }) => clinic);
  const supervisors = each('health_worker', 'supervisor', 'Supervisor', ({ post }) => post);
  const healthWorkers = villages.map((village, index) =>
    hire({
      key: `health-worker-${index + 1}`,
      role: 'health_worker',
      title: 'Health worker',
      institution: village.block.post,
      areas: [village],
    }),
  );
  const people = [
    ...[platformAdmin, institutionAdmin, auditor, ...hospitalClinicians, hospitalPharmacist],
    ...[townPharmacist, ...clinicians, ...supervisors, ...healthWorkers],
  ];
  return {
    ...{ platformAdmin, institutionAdmin, auditor, partner, hospitalClinicians },
    ...{ hospitalPharmacist, townPharmacist, clinicians, supervisors, healthWorkers },
    all: people,
  };
}

function createMember(post: Post, at: string, random: Random): StaffMember {
  const { key, role, title, institution, areas } = post;
  const given = givenName(random, 'LATIN', random.chance(0.6) ? 'FEMALE' : 'MALE');
  const person = `${given} ${familyName(random, 'LATIN')}`;
  const name = role === 'partner' ? `${institution.name} Exchange` : person;
  const place = areas.map((area) => area.name).join(', ');
  return {
    key,
    label: `${title}, ${role === 'health_worker' ? place : institution.name}`,
    id: idAt(at, random),
    name,
    role,
    institutionId: institution.id,
    areaRoots: areas.map(({ id }) => id),
    purposes: purposesOf[role],
    deviceId: idAt(at, random),
    contact: inventedPhone(random),
  };
}

/** No Indian subscriber number begins with 5, so it rings nowhere. */
export function inventedPhone(random: Random): string {
  return `+9155${random.int(10_000_000, 99_999_999)}`;
}
