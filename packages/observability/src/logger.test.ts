import { expect, test } from 'vitest';
import { createLogger } from './logger.ts';

function capture() {
  const lines: string[] = [];
  return { lines, destination: { write: (line: string) => void lines.push(line) } };
}

test('a field outside the closed list is dropped, also when it is smuggled in', () => {
  const { lines, destination } = capture();
  const log = createLogger({ service: 'test', level: 'info', destination });
  const smuggled = { count: 3, patientName: 'Rehana' };
  log.info('loaded', smuggled);
  expect(lines.join('')).toContain('"count":3');
  expect(lines.join('')).not.toContain('Rehana');
});

test('the message of an error is not written, its code and frames are', () => {
  const { lines, destination } = capture();
  const log = createLogger({ service: 'test', level: 'info', destination });
  const cause = Object.assign(new Error('Key (name)=(Rehana) exists'), { code: '23505' });
  log.error('failed', { error: new Error('Rehana could not be stored', { cause }) });
  expect(lines.join('')).not.toContain('Rehana');
  expect(lines.join('')).toContain('23505');
  expect(lines.join('')).toContain('logger.test.ts');
});
