// Everything that must hold, from a fresh clone: install, build, checks, tests. Ends with one line, `N passed, N failed`.
import { runChecks } from "./lib/checks.mjs";
import { pack } from "./lib/pack.mjs";
import { build, haveRedis, install } from "./lib/prepare.mjs";
import { add, finish, step } from "./lib/steps.mjs";
import { runTests } from "./lib/tests.mjs";

if (await step("install", install)) {
  await step("build", build);
  await step("pack", pack);
  const redis = await step("redis-server is there", haveRedis);
  add(await runChecks());
  if (redis) add(await runTests());
}
finish();
