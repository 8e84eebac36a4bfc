import { expect, test } from 'vitest';
import { permissionMatrix, permissions, permissionsOf } from './permission.ts';
import { roles } from './role.ts';

test('history is written by importers and by nobody who works with patients', () => {
  const importing = roles.filter((role) => permissionMatrix[role].includes('record:import'));
  expect(importing).toEqual(['importer']);
});

test('an importer writes what a source has, and neither dispenses nor reads the trail', () => {
  expect([...permissionsOf(['importer'])].sort()).toEqual(
    [
      'institution:read',
      'institution:write',
      'staff:read',
      'staff:write',
      'medicine:read',
      'patient:read',
      'patient:write',
      'clinical:read',
      'clinical:write',
      'prescription:read',
      'prescription:write',
      'record:import',
    ].sort(),
  );
});

test('every permission is held by some role', () => {
  expect([...permissionsOf(roles)].sort()).toEqual([...permissions].sort());
});
