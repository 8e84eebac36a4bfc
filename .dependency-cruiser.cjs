/** The direction of imports: see the house rules in ARCHITECTURE.md. Every rule is an error. */
const tests = '\\.(test|bench)\\.ts$';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Files that need each other when they run are one. Erased type imports do not run.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'resolvable',
      comment: 'An import that does not resolve hides from every other rule.',
      severity: 'error',
      from: { pathNot: '/generated/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'subgraphs-apart',
      comment: 'Subgraphs meet through entity keys and events, never through code.',
      severity: 'error',
      from: { path: '^subgraphs/([^/]+)/' },
      to: { path: '^(subgraphs/(?!$1/)|router/)' },
    },
    {
      name: 'packages-below',
      comment: 'A package serves subgraphs and the router; only what starts them may know them.',
      severity: 'error',
      from: { path: '^packages/', pathNot: '^packages/(cli|deployment|compatibility|testbed)/' },
      to: { path: '^(subgraphs|router|schema-registry|bench|packages/cli)/' },
    },
    {
      name: 'router-outside',
      comment: 'The router knows subgraphs by the supergraph only. Journeys start both.',
      severity: 'error',
      from: { path: '^router/', pathNot: ['^router/journeys/', tests] },
      to: { path: '^subgraphs/' },
    },
    {
      name: 'gateway-guarded',
      comment:
        'The gateway enforces nothing: only the file that puts the access rules around it makes one.',
      severity: 'error',
      from: {
        path: '^(router|packages|subgraphs|identity|schema-registry)/',
        pathNot: '^router/src/access/guarded-gateway\\.ts$',
      },
      to: { path: '@apollo/gateway', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'store-is-last',
      comment: 'A request flows resolver → service → store, and never back.',
      severity: 'error',
      from: { path: '\\.store\\.ts$' },
      to: { path: '\\.(service|resolver)\\.ts$' },
    },
    {
      name: 'service-before-store',
      comment: 'A request flows resolver → service → store, and never back.',
      severity: 'error',
      from: { path: '\\.service\\.ts$' },
      to: { path: '\\.resolver\\.ts$' },
    },
    {
      name: 'prisma-in-stores',
      comment:
        'Only a store is built from a scope; other code with a client could see every tenant.',
      severity: 'error',
      from: {
        path: '^(subgraphs|identity|router|packages)/',
        pathNot: [
          '/generated/',
          '/fixtures?/',
          '\\.(store|projection)\\.ts$',
          '/client\\.ts$',
          tests,
        ],
      },
      to: { path: '/generated/prisma/' },
    },
    {
      name: 'concept-by-index',
      comment: 'A concept shows the others its index.ts and keeps the rest to itself.',
      severity: 'error',
      from: { path: '^subgraphs/([^/]+)/src/([^/]+)/', pathNot: tests },
      to: {
        path: '^subgraphs/$1/src/[^/]+/',
        pathNot: ['^subgraphs/$1/src/$2/', '^subgraphs/$1/src/[^/]+/index\\.ts$'],
      },
    },
    {
      name: 'tests-not-imported',
      comment: 'Production code that needs a test, or what serves tests, would ship it.',
      severity: 'error',
      from: {
        pathNot: [
          tests,
          '/test-[^/]+\\.ts$',
          '^router/journeys/',
          '^(packages/(cli|testbed)|bench)/',
          '^vitest',
        ],
      },
      to: { path: [tests, '^packages/testbed/'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Our own dist/ only: a package's is where its imports lead, and rules must see them.
    exclude: {
      path: [
        '(^|/)\\.caregraph/',
        '^[a-z-]+/dist/',
        '^(packages|subgraphs)/[a-z-]+/dist/',
        '^router/explorer/',
      ],
    },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
    skipAnalysisNotInRules: true,
  },
};
