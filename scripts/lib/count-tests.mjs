/**
 * Counts what vitest hands to a reporter: the files of a run, the errors that belong to no test, and how the run ended.
 * A test that has no result has failed: its worker died. A file that broke holds no failed test, and counts as one.
 *
 * @param {{ files: readonly object[], errors?: readonly unknown[], reason?: string }} run
 */
export function countTests({ files, errors = [], reason = "passed" }) {
  const states = files.map(({ children }) => [...children.allTests()].map((test) => test.result().state));
  const count = (wanted) => states.flat().filter((state) => state === wanted).length;
  const [passed, skipped] = [count("passed"), count("skipped")];
  const broken = files.filter((file, at) => file.state() === "failed" && !states[at].some(isFailure));
  const failed = states.flat().filter(isFailure).length + broken.length + errors.length;
  const unexplained = failed === 0 && (reason !== "passed" || passed === 0);
  return { passed, failed: unexplained ? 1 : failed, skipped };
}

function isFailure(state) {
  return state !== "passed" && state !== "skipped";
}
