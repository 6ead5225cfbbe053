import { describe, expect, test } from "vitest";
import { countTests } from "../scripts/lib/count-tests.mjs";

const green = { status: "passed", assertionResults: [{ status: "passed" }] };
const red = { status: "failed", assertionResults: [{ status: "failed" }] };
const crashed = { status: "failed", assertionResults: [] };
const hookFailed = { status: "failed", assertionResults: [{ status: "skipped" }] };

function report(passed: number, failed: number, ...testResults: readonly object[]) {
  return { numPassedTests: passed, numFailedTests: failed, numPendingTests: 0, numTodoTests: 0, testResults };
}

describe("the closing line counts", () => {
  test("what passed and what failed", () => {
    expect(countTests(report(1, 0, green), 0)).toMatchObject({ passed: 1, failed: 0 });
    expect(countTests(report(1, 1, green, red), 1)).toMatchObject({ passed: 1, failed: 1 });
  });

  test.each([
    ["without a test", crashed],
    ["in a hook", hookFailed],
  ])("a file that crashed %s as a failure", (_, file) => {
    expect(countTests(report(1, 0, green, file), 1)).toMatchObject({ passed: 1, failed: 1 });
  });

  test("a bad end with every test green as a failure", () => {
    expect(countTests(report(1, 0, green), 1)).toMatchObject({ passed: 1, failed: 1 });
  });

  test("a run without any test as a failure", () => {
    expect(countTests(report(0, 0), 0)).toMatchObject({ passed: 0, failed: 1 });
  });
});
