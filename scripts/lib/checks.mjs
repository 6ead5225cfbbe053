import { cpus } from "node:os";
import { run } from "./run.mjs";

const script = (name, ...args) => ["node", `scripts/${name}.mjs`, ...args];

/** Everything that holds besides the tests. Each counts as one; the slow ones come first. */
const checks = [
  { name: "packed packages install and work", command: script("check-pack") },
  { name: "types of packed packages", command: script("check-tarballs", "attw", "--profile", "esm-only") },
  { name: "API reports are up to date", command: script("api") },
  { name: "packed packages are well-formed", command: script("check-tarballs", "publint", "run", "--strict") },
  { name: "lint", command: ["oxlint", "--type-aware", "--deny-warnings"] },
  { name: "format", command: ["biome", "check"] },
  { name: "types of tests and examples", command: ["tsc", "-p", "tsconfig.test.json"] },
  { name: "no unused code", command: ["knip"] },
  { name: "size limits", command: ["size-limit"] },
  { name: "changesets", command: script("check-changesets") },
];

/** Runs the checks, as many at once as there are cores. Resolves to `{ passed, failed }`. */
export async function runChecks() {
  const waiting = [...checks];
  const results = [];
  const worker = async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) results.push(await runCheck(check));
  };
  await Promise.all(cpus().map(worker));
  const passed = results.filter(Boolean).length;
  return { passed, failed: results.length - passed };
}

async function runCheck({ name, command }) {
  const start = performance.now();
  const { code, output } = await run(command, { env: { FORCE_COLOR: "0" } });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(code === 0 ? `ok    ${name} (${seconds} s)` : `FAIL  ${name} (${command.join(" ")})\n${output}`);
  return code === 0;
}
