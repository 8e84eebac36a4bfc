import { defineConfig } from 'prisma/config';

/**
 * For the ordinary Prisma command line. `caregraph migrate` and `caregraph generate` need no URL from
 * here; `prisma migrate deploy` does, and an absent one must not stop `prisma generate`.
 */
export default defineConfig({
  schema: 'schema',
  migrations: { path: 'migrations' },
  // eslint-disable-next-line no-restricted-syntax -- this file is the configuration of that tool
  datasource: { url: process.env['DATABASE_URL_IDENTITY'] ?? '' },
});
