import { expect, test } from 'vitest';
import { messageOf } from './error-message.ts';

const rows = 'duplicate key: (name)=(Asha Devi)';
const ofDatabase = (code: string) => Object.assign(new Error(rows), { code, severity: 'ERROR' });
const ofSystem = (code: string) =>
  Object.assign(new Error(`${code}: it could not be done, open '/srv/list'`), {
    ...{ code, errno: -30, syscall: 'open', path: '/srv/list' },
  });

test.each(['EROFS', 'EBADF', 'EBUSY', 'EPERM', 'E2BIG', 'ENOENT'])(
  'what the operating system says is told: %s',
  (code) => {
    expect(messageOf(ofSystem(code))).toBe(`${code}: it could not be done, open '/srv/list'`);
    const bare = Object.assign(new Error('no call is named'), { code: 'EBADF' });
    expect(messageOf(bare)).toBe('no call is named');
  },
);

test.each(['23505', '40001', '57P01', 'XX000', 'P0001'])(
  'of what a database says only the code is told: %s',
  (code) => {
    const said = messageOf(ofDatabase(code));
    expect(said).toBe(`a store refused (${code}); run the command again: it goes on where it was`);
  },
);

test.each([
  ['3D000', /^a database is not there \(3D000\).*CAREGRAPH_DATA.*backup/],
  ['42P01', /\(42P01\): run caregraph migrate/],
])('where another run changes nothing, none is asked for: %s', (code, words) => {
  expect(messageOf(ofDatabase(code))).toMatch(words);
  expect(messageOf(ofDatabase(code))).not.toMatch(/again|Asha/);
});
