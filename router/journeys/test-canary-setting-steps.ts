import { addDays } from '@caregraph/guideline';
import type { Facts, Step, World } from './test-canary-world.ts';

/** The steps of one writer. */
const writer = (actor: string) => (mutation: string, input: Step['input']) => {
  return { mutation, actor, input };
};

const platform = writer('platform-admin');
const admin = writer('institution-admin');
const pharmacist = writer('pharmacist-1');

/** The map, who works there with what, and what lies on the shelves. */
export function settingSteps(world: World, facts: Facts): Step[] {
  return [
    ...mapSteps(world, facts),
    ...staffSteps(world, facts),
    ...accessSteps(world, facts),
    ...stockSteps(world, facts),
  ];
}

function mapSteps({ area, institution }: World, { blockId }: Facts): Step[] {
  const timeZone = 'Asia/Kolkata';
  return [
    platform('registerArea', {
      ...{ id: area, kind: 'VILLAGE', name: 'A new village', parentId: blockId, timeZone },
    }),
    platform('updateArea', { id: area, name: 'A village' }),
    platform('registerInstitution', {
      ...{ id: institution, kind: 'CLINIC', name: 'A new clinic', areaId: blockId },
    }),
    platform('updateInstitution', { id: institution, name: 'A clinic' }),
    platform('verifyInstitution', { id: institution, verification: 'VERIFIED' }),
  ];
}

function staffSteps(world: World, { institutionId, districtId }: Facts): Step[] {
  const post = { name: 'Somebody', role: 'CLINICIAN', institutionId, areaIds: [districtId] };
  return [
    ...[world.staff, world.otherStaff, world.dismissed].map((id) =>
      admin('registerStaff', { id, ...post }),
    ),
    admin('updateStaff', { id: world.otherStaff }),
    admin('dismissStaff', { id: world.dismissed }),
  ];
}

function accessSteps({ device, partner }: World, { institutionId }: Facts): Step[] {
  return [
    admin('enrolDevice', { id: device, label: 'A tablet', institutionId }),
    admin('changeDeviceState', { id: device, state: 'SUSPENDED' }),
    platform('registerPartner', { id: partner, name: 'A partner', institutionId }),
    platform('changePartnerState', { id: partner, state: 'SUSPENDED' }),
  ];
}

function stockSteps({ batch: batchId, entry }: World, facts: Facts): Step[] {
  const { medicineCode, institutionId, today } = facts;
  const expiresOn = addDays(today, 300);
  return [
    admin('setFormularyEntry', { id: entry, institutionId, medicineCode }),
    pharmacist('receiveStock', {
      ...{ batchId, medicineCode, batchNumber: batchId, expiresOn, quantity: 100 },
    }),
    pharmacist('adjustStock', { batchId, change: -1, reason: 'COUNTED' }),
    pharmacist('discardStock', { batchId, quantity: 1, reason: 'DAMAGED' }),
  ];
}
