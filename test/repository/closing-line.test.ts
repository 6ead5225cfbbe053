import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { countTests } from "../../scripts/lib/count-tests.mjs";
import { run } from "../../scripts/lib/run.mjs";
import { root } from "../support/workspace.js";

/** A file as vitest hands it to a reporter. */
function file(states: readonly string[], state = states.includes("failed") ? "failed" : "passed") {
  return {
    state: () => state,
    children: { allTests: () => states.map((each) => ({ result: () => ({ state: each }) })) },
  };
}

describe("the closing line counts", () => {
  test("what passed, what failed and what was skipped", () => {
    const files = [file(["passed", "passed", "skipped"]), file(["passed", "failed"])];
    expect(countTests({ files, reason: "failed" })).toEqual({ passed: 3, failed: 1, skipped: 1 });
  });

  test.each([
    ["without a test", []],
    ["in a hook, so that its tests were skipped", ["skipped"]],
  ])("a file that broke %s as a failure", (_, states) => {
    const files = [file(["passed"]), file(states, "failed")];
    expect(countTests({ files, reason: "failed" })).toMatchObject({ passed: 1, failed: 1 });
  });

  test("each test without a result as a failure: its worker died", () => {
    const files = [file(["passed", "pending", "pending"], "failed")];
    expect(countTests({ files, reason: "failed" })).toMatchObject({ passed: 1, failed: 2 });
  });

  test("each error that belongs to no test as a failure", () => {
    const errors = [new Error("unhandled")];
    expect(countTests({ files: [file(["passed"])], errors, reason: "failed" })).toMatchObject({ passed: 1, failed: 1 });
  });

  test.each(["failed", "interrupted"])("a run that %s with every test green as a failure", (reason) => {
    expect(countTests({ files: [file(["passed"])], reason })).toMatchObject({ passed: 1, failed: 1 });
  });

  test("a run without any test as a failure", () => {
    expect(countTests({ files: [], reason: "passed" })).toMatchObject({ passed: 0, failed: 1 });
  });
});

/** What a run of vitest leaves behind that has these files. */
async function countsOf(files: Readonly<Record<string, string>>): Promise<unknown> {
  mkdirSync(join(root, "test-results"), { recursive: true });
  const folder = mkdtempSync(join(root, "test-results", "run-"));
  try {
    for (const [name, body] of Object.entries(files))
      writeFileSync(join(folder, name), `import { test } from "vitest";\n${body}`);
    await run(["vitest", "run", "--config", "../../test/repository/support/bare.config.ts"], {
      cwd: folder,
      env: { npm_lifecycle_event: "test" },
    });
    return JSON.parse(readFileSync(join(folder, "test-results", "test.json"), "utf8"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a run in which a worker dies and a promise rejects unheard is counted to its end", {
  timeout: 60_000,
}, async () => {
  const files = {
    "a.test.js": `test("passes", () => {});`,
    "b.test.js": `test("passes", () => {}); test("dies", () => process.kill(process.pid, "SIGKILL")); test("never", () => {});`,
    "c.test.js": `test("rejects", async () => void Promise.reject(new Error("unheard")));`,
  };
  const { passed, failed } = (await countsOf(files)) as { passed: number; failed: number };
  // Five tests and two errors that belong to none. The first test of the worker that dies may be heard of or not.
  expect(passed + failed).toBe(7);
  expect(failed).toBeGreaterThanOrEqual(4);
});
