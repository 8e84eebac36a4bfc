import {
  getNamedType,
  isInterfaceType,
  isLeafType,
  isUnionType,
  type GraphQLObjectType,
} from 'graphql';
import type { AccessGraph, Step } from './graph.ts';

/** The spellings under which every field is asked: a leak through one of them is a leak. */
export const spellings = ['plain', 'alias', 'inline', 'fragment'] as const;
export type Spelling = (typeof spellings)[number];

/** The name under which a field answers in one spelling. */
export function responseName(fieldName: string, spelling: Spelling): string {
  return spelling === 'plain' ? fieldName : `${spelling}_${fieldName}`;
}

/** Every field of a type, in every spelling, as one selection set. */
export function selectionOf(
  graph: AccessGraph,
  type: GraphQLObjectType,
  only: (fieldName: string) => boolean = () => true,
): { readonly selection: string; readonly fragment: string } {
  const fields = graph.fieldsOf(type).filter((field) => only(field.name));
  const spelled = (spelling: Spelling) =>
    fields
      .map((field) => {
        const returned = getNamedType(field.type);
        const inner = isLeafType(returned)
          ? ''
          : isUnionType(returned) || isInterfaceType(returned)
            ? ' { __typename }'
            : ' { __typename }';
        const name = responseName(field.name, spelling);
        return `${name === field.name ? '' : `${name}: `}${field.name}${inner}`;
      })
      .join(' ');
  return {
    selection: `__typename ${spelled('plain')} ${spelled('alias')} ... on ${type.name} { ${spelled('inline')} } ...Every`,
    fragment: `fragment Every on ${type.name} { ${spelled('fragment')} }`,
  };
}

/** A document that goes a way and asks for every field at its end. */
export function documentAt(
  graph: AccessGraph,
  type: GraphQLObjectType,
  way: readonly Step[],
): string {
  const { selection, fragment } = selectionOf(graph, type, (name) => callable(graph, type, name));
  const open = way.map(({ fieldName, argumentsText }) => `${fieldName}${argumentsText} {`);
  return `query Every { ${open.join(' ')} ${selection} ${'}'.repeat(way.length)} } ${fragment}`;
}

/** Fields with required arguments are asked by their own way. */
function callable(graph: AccessGraph, type: GraphQLObjectType, fieldName: string): boolean {
  const field = graph.fieldsOf(type).find((one) => one.name === fieldName);
  return (
    field?.args.every((one) => one.defaultValue !== undefined || !isNonNull(one.type)) ?? false
  );
}

function isNonNull(type: object): boolean {
  return String(type).endsWith('!');
}

/** The objects at the end of a way: a list in the middle leads to several. */
export function objectsAt(data: unknown, way: readonly Step[]): Record<string, unknown>[] {
  let found: unknown[] = [data];
  for (const { fieldName } of way) {
    found = found.flatMap((value) => {
      const next = isObject(value) ? value[fieldName] : undefined;
      return Array.isArray(next) ? (next as unknown[]) : [next];
    });
  }
  return found.filter(isObject);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
