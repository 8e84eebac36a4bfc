import { writtenRecord } from '@caregraph/subgraph';
import type { Resolvers } from '../../generated/resolvers.ts';

export const deviceResolvers: Resolvers = {
  Query: {
    device: (_root, { id }, { stores }) => stores.device.find(id),
  },
  Device: {
    __resolveReference: ({ id }, { stores }) => stores.device.find(id),
    institution: (device, _args, { stores }) => stores.institution.known(device.institutionId),
    holder: (device, _args, { stores }) =>
      device.holderId === null ? null : stores.staff.find(device.holderId),
  },
  EnrolDeviceReceipt: {
    device: (receipt, _args, { stores }) => writtenRecord(receipt, stores.device.find),
  },
  ChangeDeviceStateReceipt: {
    device: (receipt, _args, { stores }) => writtenRecord(receipt, stores.device.find),
  },
};
