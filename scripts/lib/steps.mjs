const totals = { passed: 0, failed: 0 };

/** Adds to what `finish` will say. */
export function add({ passed, failed }) {
  totals.passed += passed;
  totals.failed += failed;
}

/** Runs one step that counts as one; says so and resolves to `false` if it failed. */
export async function step(name, action) {
  try {
    await action();
    console.log(`ok    ${name}`);
    add({ passed: 1, failed: 0 });
    return true;
  } catch (error) {
    console.log(`FAIL  ${name}\n${error.message}`);
    add({ passed: 0, failed: 1 });
    return false;
  }
}

/** Prints the closing line and sets the exit code. */
export function finish() {
  process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1;
  console.log(`${totals.passed} passed, ${totals.failed} failed`);
}
