import { defineConfig } from 'prisma/config';

/** For the ordinary Prisma command line; see the configuration of the other stores. */
export default defineConfig({
  schema: 'schema',
  migrations: { path: 'migrations' },
  // eslint-disable-next-line no-restricted-syntax -- this file is the configuration of that tool
  datasource: { url: process.env['DATABASE_URL_KEYS'] ?? '' },
});
