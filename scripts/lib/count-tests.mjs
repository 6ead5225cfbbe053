/**
 * Counts a vitest JSON report. A file that crashed holds no failed test, and a run may end badly with every
 * test green (an unhandled rejection); each counts as one failure, as does a run without any test.
 */
export function countTests(report, exitCode) {
  const files = report.testResults;
  const passed = report.numPassedTests;
  const crashed = files.filter(isCrashed).length;
  const failed = report.numFailedTests + crashed;
  const unexplained = failed === 0 && (exitCode !== 0 || passed === 0);
  return { passed, failed: unexplained ? 1 : failed, skipped: report.numPendingTests + report.numTodoTests };
}

function isCrashed(file) {
  return file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed");
}
