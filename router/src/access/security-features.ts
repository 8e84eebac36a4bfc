import {
  Kind,
  parse,
  print,
  type ConstArgumentNode,
  type ConstDirectiveNode,
  type ConstValueNode,
  type DocumentNode,
  type SchemaDefinitionNode,
} from 'graphql';

/** The names under which `readRequirement` knows the three directives. */
export type AccessDirective = 'authenticated' | 'requiresScopes' | 'policy';

const base = 'https://specs.apollo.dev/';
/** Exactly what is enforced here. Another version may ask for more: the gateway refuses it. */
const enforced = new Map<string, AccessDirective>([
  [`${base}authenticated/v0.1`, 'authenticated'],
  [`${base}requiresScopes/v0.1`, 'requiresScopes'],
  [`${base}policy/v0.1`, 'policy'],
]);

/**
 * Finds how this supergraph calls the directives: `@link` may rename them (link v1.0 §Renaming).
 *
 * @returns the federation's own name by the name in the SDL
 * @throws Error when the SDL links nothing, so that nobody can tell what it asks for
 */
export function accessDirectivesOf(document: DocumentNode): ReadonlyMap<string, AccessDirective> {
  const names = new Map<string, AccessDirective>();
  for (const link of linksOf(document)) {
    const feature = featureOf(link);
    if (feature !== undefined) names.set(nameInSdl(link, feature), feature);
  }
  return names;
}

/** The supergraph without the security marks of the features that are enforced here. */
export function withoutEnforcedMarks(document: DocumentNode): string {
  const links = new Set(linksOf(document));
  const unmarked = (directive: ConstDirectiveNode): ConstDirectiveNode =>
    links.has(directive) && featureOf(directive) !== undefined
      ? { ...directive, arguments: (directive.arguments ?? []).filter(isNotPurpose) }
      : directive;
  return print({
    ...document,
    definitions: document.definitions.map((definition) =>
      isSchema(definition)
        ? { ...definition, directives: (definition.directives ?? []).map(unmarked) }
        : definition,
    ),
  });
}

/** @throws GraphQLError when the text is not SDL */
export function parseSupergraph(sdl: string): DocumentNode {
  return parse(sdl, { noLocation: true });
}

function linksOf(document: DocumentNode): readonly ConstDirectiveNode[] {
  const directives = document.definitions
    .filter(isSchema)
    .flatMap(({ directives: written }) => written ?? []);
  const own = directives.find((directive) => urlOf(directive)?.startsWith(`${base}link/`));
  if (own === undefined) throw new Error('The supergraph does not @link what it uses.');
  return directives.filter(({ name }) => name.value === own.name.value);
}

function isSchema(
  definition: DocumentNode['definitions'][number],
): definition is SchemaDefinitionNode {
  return definition.kind === Kind.SCHEMA_DEFINITION;
}

function featureOf(link: ConstDirectiveNode): AccessDirective | undefined {
  return enforced.get(urlOf(link) ?? '');
}

function nameInSdl(link: ConstDirectiveNode, feature: AccessDirective): string {
  const imported = argument(link, 'import');
  for (const entry of imported?.kind === Kind.LIST ? imported.values : []) {
    if (entry.kind === Kind.STRING && entry.value === `@${feature}`) return feature;
    if (entry.kind !== Kind.OBJECT) continue;
    if (textOf(member(entry.fields, 'name')) !== `@${feature}`) continue;
    return textOf(member(entry.fields, 'as'))?.slice(1) ?? feature;
  }
  // A feature's main directive is called as the feature is, and the others `feature__directive`.
  return textOf(argument(link, 'as')) ?? feature;
}

const isNotPurpose = ({ name }: ConstArgumentNode) => name.value !== 'for';
const urlOf = (directive: ConstDirectiveNode) => textOf(argument(directive, 'url'));
const argument = ({ arguments: given }: ConstDirectiveNode, name: string) =>
  member(given ?? [], name);

function member<TValue>(
  entries: readonly { readonly name: { readonly value: string }; readonly value: TValue }[],
  name: string,
): TValue | undefined {
  return entries.find((entry) => entry.name.value === name)?.value;
}

function textOf(value: ConstValueNode | undefined): string | undefined {
  return value?.kind === Kind.STRING ? value.value : undefined;
}
