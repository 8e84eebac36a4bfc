import type { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { normalisePassword } from './password-hash.ts';

/**
 * What NIST SP 800-63B-4 §3.1.1.2 asks of a password that stands alone. Health workers have no second
 * factor, and roles change, so there is one rule for all.
 */
export const minPasswordLength = 15;
export const maxPasswordLength = 128;

/** What ZxcvbnFactory calls very unguessable: more than 10^10 guesses. */
const requiredScore = 4;
/** The estimate's work grows with the square of the length; what starts strong stays strong. */
const estimatedLength = 40;
/** What must be left of a password when the words that everybody knows are taken out. */
const minOwnLength = 6;
const minWordLength = 3;

/** Words that anyone would try first here. */
const placeWords = ['caregraph', 'health', 'worker', 'clinic', 'clinician', 'hospital', 'nurse'];

export type PasswordRefusal = 'too_short' | 'too_long' | 'common' | 'personal' | 'same';

export interface PasswordRules {
  /**
   * Judges a new password.
   *
   * @param known what others know of the person: user name, name, institution
   * @returns why it is refused, or undefined when it may be taken
   */
  refusalOf(password: string, known: readonly string[]): Promise<PasswordRefusal | undefined>;
}

/**
 * The rules for new passwords: NIST SP 800-63B-4 §3.1.1 (length in code points, no composition
 * rules, the whole password counts, a blocklist of breached, common and personal words). The list
 * and the patterns around it (sequences, keyboards, repeats, look-alike letters) are zxcvbn-ts's.
 *
 * @example await createPasswordRules().refusalOf('password12345678', ['asha.verma']); // 'common'
 */
export function createPasswordRules(): PasswordRules {
  let estimator: Promise<ZxcvbnFactory> | undefined;
  return {
    async refusalOf(password, known) {
      const normal = normalisePassword(password);
      const { length } = [...normal];
      if (length < minPasswordLength) return 'too_short';
      if (length > maxPasswordLength) return 'too_long';
      const words = [...known, ...placeWords].flatMap(wordsOf);
      if (isMadeOf(words, normal)) return 'personal';
      // Loaded at the first need: most processes never see a new password.
      estimator ??= loadEstimator();
      const start = [...normal].slice(0, estimatedLength).join('');
      const { score } = (await estimator).check(start, words);
      return score < requiredScore ? 'common' : undefined;
    },
  };
}

function wordsOf(text: string): string[] {
  const words = normalisePassword(text)
    .toLowerCase()
    .split(/[^\p{L}\p{M}\p{N}]+/u);
  return words.filter((word) => word.length >= minWordLength);
}

function isMadeOf(words: readonly string[], password: string): boolean {
  const longestFirst = [...words].sort((a, b) => b.length - a.length);
  const rest = longestFirst.reduce(
    (text, word) => text.replaceAll(word, ''),
    password.toLowerCase(),
  );
  return rest.length < password.length && [...rest].length < minOwnLength;
}

async function loadEstimator(): Promise<ZxcvbnFactory> {
  const [{ ZxcvbnFactory: Estimator }, { dictionary, adjacencyGraphs }] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
  ]);
  return new Estimator({
    dictionary: { passwords: dictionary['passwords-common'] },
    graphs: adjacencyGraphs,
  });
}
