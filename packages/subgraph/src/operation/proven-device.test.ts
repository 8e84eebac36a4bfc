import { expect, test } from 'vitest';
import { createIdSource, systemClock } from '@caregraph/clock';
import { provenDevice } from './proven-device.ts';

const ids = createIdSource(systemClock);
const [asha, ravi, phone, tablet] = [ids.next(), ids.next(), ids.next(), ids.next()];

test('a token that names a device writes as that device, and as no other', () => {
  expect(provenDevice({ id: asha, deviceId: phone }, phone)).toBe(phone);
  expect(() => provenDevice({ id: asha, deviceId: phone }, tablet)).toThrow(
    expect.objectContaining({ code: 'DEVICE_MISMATCH' }),
  );
});

test('a token without one writes as a device of its own actor, the same each time', () => {
  const own = (id: string, stated: string) => provenDevice({ id, deviceId: undefined }, stated);
  expect(own(asha, phone)).toMatch(
    /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  expect(own(asha, phone)).toBe(own(asha, phone.toUpperCase()));
  const all = [own(asha, phone), own(ravi, phone), own(asha, tablet), own(ravi, tablet), phone];
  expect(new Set(all).size).toBe(5);
});
