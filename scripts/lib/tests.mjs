import { readFile, rm } from "node:fs/promises";
import { countTests } from "./count-tests.mjs";
import { root, run } from "./run.mjs";

const report = `${root}test-results/vitest.json`;
const reporters = ["--reporter=default", "--reporter=json", `--outputFile=${report}`];

/** Runs every test. Resolves to `{ passed, failed }`. */
export async function runTests() {
  // The report of an earlier run must not speak for one that crashed.
  await rm(report, { force: true });
  const { code } = await run(["vitest", "run", ...reporters], { stdio: ["ignore", "inherit", "inherit"] });
  const { skipped, ...counts } = await readCounts(code);
  if (skipped > 0) console.log(`${skipped} tests were skipped`);
  return counts;
}

async function readCounts(code) {
  try {
    return countTests(JSON.parse(await readFile(report, "utf8")), code);
  } catch (error) {
    console.error(`vitest left no report: ${error.message}`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}
