import { z } from 'zod';
import { systemClock } from '@caregraph/clock';
import { createPool, parseDatabaseUrl } from '@caregraph/database';
import { openErasures } from '@caregraph/deployment/erasures';
import type { SigningKey } from '@caregraph/access';

/** Erases one person, as a process of its own that can be killed. */

const url = z.url();
const order = z.object({
  patientId: z.string(),
  directory: z.string(),
  key: z.custom<SigningKey>(),
  stores: z.object({
    ...{ patient: url, clinical: url, prescription: url, institution: url, audit: url, keys: url },
  }),
});

const { patientId, directory, key, stores } = order.parse(JSON.parse(process.argv[2] ?? ''));
const pool = (name: keyof typeof stores) =>
  createPool(parseDatabaseUrl(stores[name]), {
    maxConnections: 2,
    statementTimeoutMs: 20_000,
    applicationName: 'erase-process',
  });
const pools = {
  patient: pool('patient'),
  clinical: pool('clinical'),
  prescription: pool('prescription'),
  institution: pool('institution'),
  audit: pool('audit'),
};
const keyPool = pool('keys');
const erasure = openErasures({ place: { directory }, key, pools, keyPool, clock: systemClock });
process.stdout.write('ready\n');
await erasure.erase(patientId, 'REQUEST_OF_PERSON');
process.stdout.write('erased\n');
process.exit(0);
