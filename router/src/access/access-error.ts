import { HeaderMap } from '@apollo/server';
import { GraphQLError } from 'graphql';
import { faultCatalogue } from '@caregraph/fault';
import type { RestoredAnswer } from './restore-answer.ts';

const { message, status } = faultCatalogue.FORBIDDEN;

/** The error of a document that is refused as a whole. */
export function refusalOf(detail: Readonly<Record<string, unknown>>): GraphQLError {
  const http = { status, headers: new HeaderMap() };
  return new GraphQLError(message, { extensions: { code: 'FORBIDDEN', ...detail, http } });
}

/** One error a gap; when there are too many, the last one says how many are not listed. */
export function errorsOf({ gaps, gapCount }: RestoredAnswer): GraphQLError[] {
  const errors = gaps.map(({ coordinate, path, node }) => {
    const extensions = { code: 'FORBIDDEN', coordinate };
    return new GraphQLError(message, { nodes: node, path, extensions });
  });
  const unlisted = gapCount - gaps.length;
  if (unlisted === 0) return errors;
  return [...errors, new GraphQLError(message, { extensions: { code: 'FORBIDDEN', unlisted } })];
}
