import { z } from 'zod';
import { Fault } from '@caregraph/fault';

/**
 * Asks the institution subgraph, with a token of identity's own.
 *
 * @returns the members `data` and `errors` of the answer
 * @throws when it cannot be reached
 */
export type AskInstitution = (
  document: string,
  variables: Readonly<Record<string, string>>,
) => Promise<unknown>;

const answerShape = z.object({ data: z.unknown(), errors: z.array(z.unknown()).optional() });

/**
 * Asks and checks the answer. Anything but a whole answer is a fault: an error must not look like
 * "no such person".
 *
 * @throws Fault SUBGRAPH_UNAVAILABLE
 */
export async function askChecked<TShape extends z.ZodType>(
  ask: AskInstitution,
  document: string,
  variables: Readonly<Record<string, string>>,
  shape: TShape,
): Promise<z.infer<TShape>> {
  const answer = await ask(document, variables).catch((error: unknown) => {
    throw new Fault('SUBGRAPH_UNAVAILABLE', { subgraph: 'institution' }, error);
  });
  const { data, errors } = answerShape.parse(answer);
  const parsed = shape.safeParse(data);
  if (errors !== undefined || !parsed.success) {
    const reason = errors === undefined ? 'shape' : 'errors';
    throw new Fault('SUBGRAPH_UNAVAILABLE', { subgraph: 'institution', reason });
  }
  return parsed.data;
}
