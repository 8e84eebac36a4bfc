import tseslint from 'typescript-eslint';

const wallClock =
  'Take the time and randomness from ctx.clock or ctx.ids, so that a seed replays a run exactly.';

/** Few rules, all of them errors: see docs/decisions and the house rules in ARCHITECTURE.md. */
export default tseslint.config(
  {
    ignores: [
      '**/node_modules/**',
      '**/generated/**',
      '**/dist/**',
      '.caregraph/**',
      '**/*.mjs',
      '**/*.js',
      'router/explorer/**',
    ],
  },
  {
    files: ['**/*.ts'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { '@typescript-eslint': tseslint.plugin },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
      'no-console': 'error',
      eqeqeq: ['error', 'smart'],
    },
  },
  {
    files: ['**/*.ts'],
    ignores: ['**/*.test.ts', '**/*.bench.ts', '**/journeys/**', '**/test-*.ts'],
    rules: {
      'max-lines': ['error', { max: 300 }],
      'max-lines-per-function': ['error', { max: 60 }],
      'no-restricted-syntax': [
        'error',
        {
          selector: "MemberExpression[object.name='process'][property.name='env']",
          message: 'Only config.ts reads the environment.',
        },
        {
          selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
          message: wallClock,
        },
        {
          selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
          message: wallClock,
        },
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: wallClock },
      ],
    },
  },
  {
    files: [
      '**/config.ts',
      '**/clock.ts',
      'packages/cli/**/*.ts',
      'bench/**/*.ts',
      'packages/testbed/**/*.ts',
    ],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['packages/cli/**/*.ts', 'bench/**/*.ts', 'packages/testbed/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
);
