import { describe, expect, it } from 'vitest';
import { onDatabase, parseDatabaseUrl } from './target.ts';

describe('parseDatabaseUrl', () => {
  it('reads every part, escapes too', () => {
    expect(parseDatabaseUrl('postgresql://us%40er:p%2Fss@db.local:6543/care%20graph')).toEqual({
      host: 'db.local',
      port: 6543,
      user: 'us@er',
      password: 'p/ss',
      database: 'care graph',
    });
    expect(parseDatabaseUrl('postgres://u@[::1]/d')).toMatchObject({ host: '::1', port: 5432 });
  });

  it.each([
    ['disable', undefined],
    ['require', { rejectUnauthorized: false }],
    ['verify-full', { rejectUnauthorized: true }],
  ])('takes sslmode=%s', (mode, ssl) => {
    expect(parseDatabaseUrl(`postgresql://u:p@h/d?sslmode=${mode}`).ssl).toEqual(ssl);
  });

  it.each([
    'nonsense',
    'mysql://u:secret@h/d',
    'postgresql://u:secret@h/',
    'postgresql://:secret@h/d',
    'postgresql://u:secret@h/d/e',
    'postgresql://u:secret%zz@h/d',
    'postgresql://u:secret@h/d?sslmode=verify_full',
  ])('refuses %s without repeating it', (url) => {
    const read = (): unknown => parseDatabaseUrl(url);
    expect(read).toThrow(expect.objectContaining({ code: 'DATABASE_URL_INVALID' }) as Error);
    expect(read).not.toThrow(/secret/);
  });
});

describe('onDatabase', () => {
  it('changes the database only', () => {
    const target = parseDatabaseUrl('postgresql://u:p@h/d');
    expect(onDatabase(target, 'e')).toEqual({ ...target, database: 'e' });
  });
});
