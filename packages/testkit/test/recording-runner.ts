import type { TestFunction } from "@granary/testkit";

/** A runner of tests that keeps what it is given, and can then tell which of it fails. */
export function recordingRunner() {
  const registered: Array<readonly [name: string, run: () => Promise<void>]> = [];
  const test: TestFunction = (name, run) => registered.push([name, run]);
  return { test, names: () => registered.map(([name]) => name), failures: () => failuresOf(registered) };
}

/** The names of the tests that reject, with what they reject with. */
async function failuresOf(tests: ReadonlyArray<readonly [name: string, run: () => Promise<void>]>) {
  const failures = new Map<string, string>();
  for (const [name, run] of tests) {
    await run().catch((error: unknown) => failures.set(name, String(error)));
  }
  return failures;
}
