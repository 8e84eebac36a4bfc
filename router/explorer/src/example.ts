/// <reference types="vite/types/importMeta.d.ts" />
import type { Claims } from './sign-in.ts';

/** A saved operation: one file in examples/, named `<role>.<order>-<name>.graphql`. */
export interface Example {
  readonly id: string;
  readonly role: string;
  readonly title: string;
  readonly query: string;
}

const files = import.meta.glob<string>('../examples/*.graphql', {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** The first comment line of the file is the title; `everyone` examples fit every role. */
export const examples: readonly Example[] = Object.entries(files).map(([path, query]) => {
  const id = path.replace(/^.*\//, '').replace(/\.graphql$/, '');
  const title = /^# (.+)$/m.exec(query)?.[1] ?? id;
  return { id, role: id.split('.')[0] ?? 'everyone', title, query };
});

export function examplesFor(role: string): readonly Example[] {
  const own = examples.filter((example) => example.role === role);
  return [...own, ...examples.filter((example) => example.role === 'everyone')];
}

/** Fills the blanks of an example, so that it runs as it stands: ids, the time, the place. */
export function fillBlanks(
  query: string,
  { areaId, deviceId }: Pick<Claims, 'areaId' | 'deviceId'>,
): string {
  const values: Readonly<Record<string, string | undefined>> = {
    areaId,
    deviceId: deviceId ?? uuidV7(),
    newId: uuidV7(),
    operationId: uuidV7(),
    now: new Date().toISOString(),
  };
  return query.replaceAll(/\{\{(\w+)\}\}/g, (blank, name: string) => values[name] ?? blank);
}

/** RFC 9562 §5.7: 48 bits of milliseconds, then random. */
function uuidV7(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  const random = crypto.randomUUID();
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15)}`;
}
