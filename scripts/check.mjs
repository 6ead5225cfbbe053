// The checks without the tests: `npm run check`.
import { runChecks } from "./lib/checks.mjs";
import { pack } from "./lib/pack.mjs";
import { build } from "./lib/prepare.mjs";
import { add, finish, step } from "./lib/steps.mjs";

await step("build", build);
await step("pack", pack);
add(await runChecks());
finish();
