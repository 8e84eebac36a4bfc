import { createHash } from 'node:crypto';
import {
  print,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { meets, type Actor } from '@caregraph/access';
import type { AccessRules } from './access-rules.ts';
import { deniedCoordinates } from './denied-coordinates.ts';
import { createNeeds } from './field-needs.ts';
import { filterDocument } from './filter-document.ts';
import { markOperation } from './mark-document.ts';
import { createRestore, type Restore } from './restore-answer.ts';

/** What to do with a document that asks what the actor may not have. */
export type UnauthorisedFields = 'null' | 'refuse';

/** What a document comes to for an actor. */
export type Verdict =
  | { readonly kind: 'permitted'; readonly as?: Left }
  | { readonly kind: 'refused'; readonly coordinates: readonly string[] }
  | { readonly kind: 'filtered'; readonly as: Left; readonly restore: Restore };

/** What is to be run in place of what was asked. */
export interface Left {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** Stands for this text and no other in every cache of plans. */
  readonly queryHash: string;
}

/** An operation, and what it came to for those who asked it so far. */
interface Analysis {
  /** The requirements that decide about its fields. */
  readonly used: readonly number[];
  /** For who meets them all. */
  readonly whole: Verdict;
  readonly verdicts: Map<string, Verdict>;
}

/** Decides what an actor may have of a valid document. */
export type Decide = (asked: AskedDocument, actor: Actor) => Verdict;

export interface AskedDocument {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly queryHash: string;
}

/** Errors that one answer lists for denied fields, so that a long list does not outgrow its data. */
const maxErrors = 100;
/** Combinations of met requirements that are kept of one operation; roles make few of them. */
const maxVerdicts = 32;

/**
 * Decides what an actor may have of a document.
 *
 * The work is kept by operation, as the server that parsed it keeps it: what goes there, goes here.
 * For an operation that was seen before, a decision is its few requirements and one look-up.
 */
export function createEnforcement(options: {
  readonly schema: GraphQLSchema;
  readonly rules: AccessRules;
  readonly unauthorisedFields: UnauthorisedFields;
}): Decide {
  const { schema, rules, unauthorisedFields } = options;
  const needsOf = createNeeds(schema, rules);
  const analyses = new WeakMap<OperationDefinitionNode, Analysis>();

  function analyse(asked: AskedDocument): Analysis {
    const used = new Set<number>();
    const whole = decideAnew(asked, (index) => used.add(index).has(index));
    return { used: [...used], whole, verdicts: new Map() };
  }

  function decideAnew(asked: AskedDocument, isMet: (index: number) => boolean): Verdict {
    const { document, operation, queryHash } = asked;
    const root = markOperation(document, operation, { schema, needsOf, isMet });
    if (!root.changed) return { kind: 'permitted' };
    const coordinates = deniedCoordinates(root);
    if (coordinates.length > 0 && unauthorisedFields === 'refuse')
      return { kind: 'refused', coordinates };
    const { typeAlias, ...left } = filterDocument(document, operation, root);
    const as = { ...left, queryHash: hashOf(queryHash, coordinates, left.document) };
    if (!root.touched && root.certain) return { kind: 'permitted', as };
    const restore = createRestore({ schema, root, typeAlias, maxGaps: maxErrors });
    return { kind: 'filtered', as, restore };
  }

  return (asked, actor) => {
    const analysis = analyses.get(asked.operation) ?? analyse(asked);
    analyses.set(asked.operation, analysis);
    const { used, whole, verdicts } = analysis;
    const met = new Set(used.filter((index) => isMetBy(rules, index, actor)));
    if (met.size === used.length) return whole;
    const key = [...met].join();
    const verdict = verdicts.get(key) ?? decideAnew(asked, (index) => met.has(index));
    remember(verdicts, key, verdict);
    return verdict;
  };
}

/**
 * Threat: plans are kept by this hash, so two roles that share one would share a plan. Defence: it
 * covers what is left of the text, so that what differs for two roles never has the same.
 */
function hashOf(queryHash: string, coordinates: readonly string[], left: DocumentNode): string {
  const parts = [queryHash, coordinates.join(' '), print(left)];
  return createHash('sha256').update(parts.join('\n')).digest('hex');
}

function isMetBy({ requirements }: AccessRules, index: number, actor: Actor): boolean {
  const requirement = requirements[index];
  return requirement !== undefined && meets(requirement, actor);
}

/** Keeps the verdicts that were asked for last. */
function remember(verdicts: Map<string, Verdict>, key: string, verdict: Verdict): void {
  verdicts.delete(key);
  verdicts.set(key, verdict);
  const [oldest] = verdicts.keys();
  if (verdicts.size > maxVerdicts && oldest !== undefined) verdicts.delete(oldest);
}
