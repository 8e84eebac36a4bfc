import { writeFileSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

export type TestCounts = { passed: number; failed: number };

/**
 * A vitest reporter that leaves the counts of a run in the file that TEST_COUNTS_FILE names. A file
 * that does not load and an error outside any test count as a failure each.
 */
export default class CountingReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const file = process.env['TEST_COUNTS_FILE'];
    if (file !== undefined) writeFileSync(file, JSON.stringify(countTests(modules, errors)));
  }
}

function countTests(modules: readonly TestModule[], errors: readonly unknown[]): TestCounts {
  const counts = { passed: 0, failed: errors.length };
  for (const module of modules) {
    const tests = [...module.children.allTests()];
    const failed = tests.filter((test) => test.result().state === 'failed').length;
    counts.passed += tests.filter((test) => test.result().state === 'passed').length;
    counts.failed += failed === 0 && module.state() === 'failed' ? 1 : failed;
  }
  return counts;
}
