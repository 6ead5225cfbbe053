import { endAll } from "./run.mjs";

const totals = { passed: 0, failed: 0 };

// Whoever ends this process hears the closing line all the same.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => interrupted(signal));

function interrupted(signal) {
  console.log(`FAIL  ended by ${signal}`);
  add({ passed: 0, failed: 1 });
  endAll();
}

/** Adds to what `finish` will say. */
export function add({ passed, failed }) {
  totals.passed += passed;
  totals.failed += failed;
}

/** Runs one step that counts as one; says so and resolves to `false` if it failed. */
export async function step(name, action) {
  const start = performance.now();
  try {
    await action();
    console.log(`ok    ${name} (${since(start)})`);
    add({ passed: 1, failed: 0 });
    return true;
  } catch (error) {
    console.log(`FAIL  ${name}\n${error.message}`);
    add({ passed: 0, failed: 1 });
    return false;
  }
}

/** The seconds since `start`, for people. */
const since = (start) => `${((performance.now() - start) / 1000).toFixed(1)} s`;

/** Prints the closing line and sets the exit code. */
export function finish() {
  process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1;
  console.log(`${totals.passed} passed, ${totals.failed} failed`);
}
