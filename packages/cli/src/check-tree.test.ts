import { expect, it } from 'vitest';
import { differingCopies, drawerNames, missingOptionals, unportable } from './check-tree.ts';

it('finds drawers among files and folders, and leaves clinical terms alone', () => {
  const drawers = [
    'packages/access/src/utils/date.ts',
    'packages/core/src/index.ts',
    'subgraphs/patient/src/helpers.ts',
    'subgraphs/patient/src/patient.common.ts',
    'router/src/date-utils.ts',
  ];
  const places = [
    'packages/guideline/src/shared-care.ts',
    'subgraphs/clinical/src/risk-score.ts',
    'packages/guideline/data/library.json',
  ];
  expect(drawerNames([...drawers, ...places]).map((line) => line.split(':')[0])).toEqual(drawers);
});

it('finds paths of one machine and hosts of registries', () => {
  const text = (parts: string[]): string => parts.join('');
  const bad = [
    text(['cd ', '/ho', 'me/asha/caregraph']),
    text(["const dir = '", '/t', "mp/data'"]),
    text(['"resol', 'ved": "https://host/zod.tgz"']),
    text(['https://', 'registry', '.example.org/zod']),
  ];
  expect(unportable('a.md', bad.join('\n')).map((line) => line.split(':')[1])).toEqual([
    '1',
    '2',
    '3',
    '4',
  ]);
  const good = [
    'https://www.who.int/home/page',
    'http://schema-registry:4000/published',
    '${root}/tmp/x',
    './work/list.ts',
    'and/or',
  ];
  expect(unportable('a.md', good.join('\n'))).toEqual([]);
});

it('names the stores whose copy of a file differs', () => {
  const copies = (third: string): Map<string, Map<string, string>> =>
    new Map([
      [
        'outbox.prisma',
        new Map([
          ['patient', 'model A'],
          ['audit', 'model A'],
          ['clinical', third],
        ]),
      ],
    ]);
  expect(differingCopies(copies('model A'))).toEqual([]);
  expect(differingCopies(copies('model B'))).toEqual([
    'outbox.prisma differs between stores: patient, audit | clinical',
  ]);
});

it('finds optional packages that the lockfile lacks', () => {
  const parser = { optionalDependencies: { '@parser/linux': '1.0.0', '@parser/android': '1.0.0' } };
  const nested = 'node_modules/parser/node_modules/@parser/linux';
  expect(missingOptionals({ 'node_modules/parser': parser, [nested]: {} })).toEqual([
    'node_modules/parser needs @parser/android 1.0.0, which the lockfile lacks',
  ]);
});
