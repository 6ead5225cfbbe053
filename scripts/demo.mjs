// `npm run demo`: from a fresh clone to the demo, which runs the built packages.
import { existsSync } from "node:fs";
import { build, haveRedis, install } from "./lib/prepare.mjs";
import { root, run } from "./lib/run.mjs";

const demo = `${root}examples/demo/main.mjs`;

await install();
await build();
await haveRedis();
if (!existsSync(demo)) throw new Error("there is no examples/demo/main.mjs");
const { code } = await run(["node", demo, ...process.argv.slice(2)], { stdio: "inherit" });
process.exitCode = code;
