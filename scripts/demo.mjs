// `npm run demo`: from a fresh clone to the demo, which runs the built packages, on Redis where there is one.
import { build, install, onPath } from "./lib/prepare.mjs";
import { root, run } from "./lib/run.mjs";
import { step } from "./lib/steps.mjs";

console.log(
  "Installs and builds (the first time about a minute), then shows four processes that read one shop (seconds).",
);
console.log(`${redisOnHand()}\n`);

if ((await step("install", install)) && (await step("build", build))) {
  const command = ["node", `${root}examples/dist/demo/main.js`, ...process.argv.slice(2)];
  process.exitCode = (await run(command, { stdio: "inherit" })).code;
} else {
  process.exitCode = 1;
}

/** Where the demo will find a Redis, or how to have one. */
function redisOnHand() {
  if (process.env.REDIS_URL) return "Redis: the one at REDIS_URL.";
  if (onPath("redis-server")) return "Redis: a redis-server that is started for the demo, and stopped.";
  return "No redis-server on the PATH: the first process stands in. For Redis: install redis-server (apt-get, brew), or set REDIS_URL.";
}
