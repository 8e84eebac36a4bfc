import {
  Kind,
  parse,
  print,
  type DocumentNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Manifest, RegisteredOperation } from './manifest.ts';

/** What a new manifest means for clients that were built against the one before. */
export interface DocumentChange {
  readonly kind: 'added' | 'removed' | 'changed';
  readonly name: string;
  /**
   * Why code written for the earlier document would not work with the new one. Besides, the id of
   * a removed or changed document is refused from then on.
   */
  readonly breaking: readonly string[];
}

/**
 * Compares two manifests of one client, by the names of their operations.
 *
 * @example for (const { kind, name } of findDocumentChanges(before, after)) say(`${kind} ${name}`);
 */
export function findDocumentChanges(before: Manifest, after: Manifest): DocumentChange[] {
  const earlier = byName(before);
  const later = byName(after);
  const changes: DocumentChange[] = [];
  for (const name of [...new Set([...earlier.keys(), ...later.keys()])].toSorted()) {
    const old = earlier.get(name);
    const now = later.get(name);
    if (now === undefined) changes.push({ kind: 'removed', name, breaking: ['it is gone'] });
    else if (old === undefined) changes.push({ kind: 'added', name, breaking: [] });
    else if (old.body !== now.body) {
      changes.push({ kind: 'changed', name, breaking: breaksOf(old, now) });
    } else if (old.get === true && now.get !== true) {
      changes.push({ kind: 'changed', name, breaking: ['GET is not offered any more'] });
    } else if (old.get !== now.get) changes.push({ kind: 'changed', name, breaking: [] });
  }
  return changes;
}

function byName({ operations }: Manifest): Map<string, RegisteredOperation> {
  return new Map(operations.map((operation) => [operation.name, operation]));
}

function breaksOf(old: RegisteredOperation, now: RegisteredOperation): string[] {
  const before = parse(old.body, { noLocation: true });
  const after = parse(now.body, { noLocation: true });
  const answered = answerPaths(after);
  return [
    ...(old.type === now.type ? [] : [`it is a ${now.type} now`]),
    ...variableBreaks(before, after),
    ...[...answerPaths(before)]
      .filter((path) => !answered.has(path))
      .map((path) => `does not answer ${path} any more`),
    ...(old.get === true && now.get !== true ? ['GET is not offered any more'] : []),
  ];
}

function variableBreaks(before: DocumentNode, after: DocumentNode): string[] {
  const known = variablesOf(before);
  const breaks: string[] = [];
  for (const [name, { type, defaultValue }] of variablesOf(after)) {
    const old = known.get(name);
    const required = type.kind === Kind.NON_NULL_TYPE && defaultValue === undefined;
    if (old === undefined && required) breaks.push(`asks for a variable $${name}`);
    if (old !== undefined && print(old.type) !== print(type)) {
      breaks.push(`$${name} is ${print(type)}, was ${print(old.type)}`);
    }
  }
  return breaks;
}

function variablesOf(document: DocumentNode) {
  const definitions = operationOf(document)?.variableDefinitions ?? [];
  return new Map(definitions.map((one) => [one.variable.name.value, one]));
}

/** Every path that an answer may have, with fragments opened where they are spread. */
function answerPaths(document: DocumentNode): Set<string> {
  const fragments = new Map(
    document.definitions
      .filter((one) => one.kind === Kind.FRAGMENT_DEFINITION)
      .map((one) => [one.name.value, one]),
  );
  const paths = new Set<string>();
  const walk = ({ selections }: SelectionSetNode, prefix: string): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        const path = `${prefix}${(selection.alias ?? selection.name).value}`;
        paths.add(path);
        if (selection.selectionSet) walk(selection.selectionSet, `${path}.`);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) walk(selection.selectionSet, prefix);
      else {
        const fragment = fragments.get(selection.name.value);
        if (fragment) walk(fragment.selectionSet, prefix);
      }
    }
  };
  const operation = operationOf(document);
  if (operation) walk(operation.selectionSet, '');
  return paths;
}

function operationOf(document: DocumentNode): OperationDefinitionNode | undefined {
  return document.definitions.find((one) => one.kind === Kind.OPERATION_DEFINITION);
}
