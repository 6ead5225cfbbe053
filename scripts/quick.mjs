// Most of it, in a minute: types, and the tests of the packages but for those that start processes or run long.
// Arguments name packages: `npm run test:quick -- core tiered`; without one, every package's tests run.
import { build, haveRedis, install } from "./lib/prepare.mjs";
import { run } from "./lib/run.mjs";
import { finish, step } from "./lib/steps.mjs";

const named = process.argv.slice(2).map((name) => `packages/${name}/`);

const types = () => passes(["tsc", "-p", "tsconfig.test.json"], "pipe");
const tests = () => passes(["vitest", "run", ...(named.length > 0 ? named : ["packages/"])], "inherit");

if (await step("install", install)) {
  await step("build", build);
  if (await step("redis-server is there", haveRedis)) await Promise.all([step("types", types), step("tests", tests)]);
}
finish();

async function passes(command, stdio) {
  const { code, output } = await run(command, { stdio: ["ignore", stdio, stdio], env: { GRANARY_QUICK: "1" } });
  if (code !== 0) throw new Error(output || `${command.join(" ")} ended with code ${code}`);
}
