// Everything that must hold, from a fresh clone: install, build, checks, tests. Ends with one line, `N passed, N failed`.
// Arguments go to turbo: `npm test -- --force` runs also what has not changed since it passed.
import { haveRedis, install, tools } from "./lib/prepare.mjs";
import { add, finish, step } from "./lib/steps.mjs";
import { runTasks } from "./lib/tasks.mjs";

const MINUTE_MS = 60_000;
const limitMs = (process.env.GRANARY_FULL ? 90 : 20) * MINUTE_MS;

const tasks = [
  ...["test:faults", "test", "test:repository", "build", "check:consumer", "check:package", "check:api"],
  ...["check:lint", "check:types", "check:format", "check:unused", "check:size", "check:changesets"],
];

if ((await step("install", install)) && (await step("redis-server is there", haveRedis))) {
  process.env.GRANARY_TOOLS = tools();
  add(await runTasks(tasks, { more: process.argv.slice(2), limitMs }));
}
finish();
