import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** One project for all workspaces: servers start once, and two workers suit two cores. */
export default defineConfig({
  // Node and the Apollo packages take graphql's CommonJS build; a second copy would refuse its types.
  resolve: {
    alias: [{ find: /^graphql$/, replacement: fileURLToPath(import.meta.resolve('graphql')) }],
  },
  test: {
    include: ['{packages,subgraphs,router,identity,schema-registry,bench}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/generated/**', '**/dist/**'],
    globalSetup: ['packages/testbed/src/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    // The first file that asks for a server waits for it; on a bare machine it is installed first.
    hookTimeout: 600_000,
    teardownTimeout: 60_000,
    passWithNoTests: false,
  },
});
