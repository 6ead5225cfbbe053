import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { countTests } from "./count-tests.mjs";

/**
 * A reporter of vitest that leaves the counts of a run in `test-results` of the folder it is started in. It writes them
 * after each file, so that of a run that is killed they say what had passed, and that it did not come to its end.
 */
export function countingReporter({ name = process.env.npm_lifecycle_event ?? "test", folder = process.cwd() } = {}) {
  const files = [];
  const write = (run) => {
    mkdirSync(join(folder, "test-results"), { recursive: true });
    writeFileSync(join(folder, "test-results", `${name.replace(":", "-")}.json`), JSON.stringify(countTests(run)));
  };
  return {
    onTestModuleEnd(file) {
      files.push(file);
      write({ files, reason: "interrupted" });
    },
    onTestRunEnd: (all, errors, reason) => write({ files: all, errors, reason }),
  };
}
