// Sums the tests of vitest's JSON reports in a directory: prints `passed failed`, and on standard error what failed and why, so
// that the end of a long output says it. A report that cannot be read is a failure.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const [directory] = process.argv.slice(2);
let passed = 0;
let failed = 0;
for (const name of readdirSync(directory)) {
  if (!name.endsWith('.json')) continue;
  try {
    const report = JSON.parse(readFileSync(join(directory, name), 'utf8'));
    passed += report.numPassedTests;
    // A file that does not load counts as a suite that failed, though it has no tests.
    failed += Math.max(
      report.numFailedTests,
      report.numFailedTestSuites > 0 && report.numFailedTests === 0 ? 1 : 0,
    );
    for (const file of report.testResults) explain(file);
  } catch (error) {
    console.error(`${name}: ${error.message}`);
    failed++;
  }
}
console.log(`${passed} ${failed}`);

function explain({ name, status, message, assertionResults }) {
  const file = relative(process.cwd(), name);
  const tests = assertionResults.filter((test) => test.status === 'failed');
  if (status === 'failed' && tests.length === 0) console.error(`\nFAILED ${file}\n${message}`);
  for (const test of tests)
    console.error(`\nFAILED ${file} > ${test.fullName}\n${test.failureMessages.join('\n')}`);
}
