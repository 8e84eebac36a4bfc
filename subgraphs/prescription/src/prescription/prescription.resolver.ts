import { pageRequest, toConnection, writtenRecord } from '@caregraph/subgraph';
import type { Resolvers } from '../../generated/resolvers.ts';
import { codingOf } from '../coding-input.ts';
import { toCivilDay } from '../facility-day.ts';
import { readFindings } from './prescription.safety.ts';

export const prescriptionResolvers: Resolvers = {
  Query: {
    prescription: (_root, { id }, { stores }) => stores.prescription.find(id),
    async prescriptions(_root, { areaId, institutionId, state, from, to, ...args }, { stores }) {
      const filter = { areaId, institutionId, state, from, to };
      const page = pageRequest('Query.prescriptions', args, filter, ['uuid']);
      return toConnection(await stores.prescription.list(filter, page), page, ({ id }) => [id]);
    },
  },
  Prescription: {
    __resolveReference: ({ id }, { stores }) => stores.prescription.find(id),
    patient: ({ patientId }) => ({ id: patientId }),
    prescriber: ({ prescriberId }) => ({ id: prescriberId }),
    recordedBy: ({ authorId }) => ({ id: authorId }),
    institution: ({ institutionId }) => ({ id: institutionId }),
    checkup: ({ checkupId }) => (checkupId === null ? null : { id: checkupId }),
    validUntil: ({ validUntil }) => (validUntil === null ? null : toCivilDay(validUntil)),
  },
  PrescriptionItem: {
    medicine: ({ medicineCode }, _args, { stores }) =>
      medicineCode === null ? null : stores.medicine.known(medicineCode),
    originalCoding: (item) => codingOf(item),
    findings: (item) => readFindings(item.findings),
  },
  Patient: {
    async prescriptions({ id }, { state = null, ...args }, { stores }) {
      const page = pageRequest('Patient.prescriptions', args, [id, state], ['uuid']);
      if (!(await stores.patient.sees(id))) return null;
      const rows = await stores.prescription.ofPatient(id, page, state);
      return toConnection(rows, page, (row) => [row.id]);
    },
    async activePrescriptions({ id }, _args, { stores }) {
      if (!(await stores.patient.sees(id))) return null;
      return stores.prescription.activeOf(id);
    },
  },
  Checkup: {
    prescriptions({ id }, _args, { stores }) {
      return stores.prescription.ofCheckup(id);
    },
  },
  DraftPrescriptionReceipt: {
    prescription: (receipt, _args, { stores }) => writtenRecord(receipt, stores.prescription.find),
  },
  UpdateDraftPrescriptionReceipt: {
    prescription: (receipt, _args, { stores }) => writtenRecord(receipt, stores.prescription.find),
  },
  IssuePrescriptionReceipt: {
    prescription: (receipt, _args, { stores }) => writtenRecord(receipt, stores.prescription.find),
  },
  CancelPrescriptionReceipt: {
    prescription: (receipt, _args, { stores }) => writtenRecord(receipt, stores.prescription.find),
  },
};
