import { messageOf } from './error-message.ts';

/** Tells in a line why a command failed; what was wrong with its usage is told by its program. */
export function tell(error: unknown): void {
  console.error(`caregraph: ${messageOf(error)}`);
}

/** Tells it and ends the process, also while something of it still waits. */
export function fail(error: unknown): never {
  tell(error);
  process.exit(1);
}
