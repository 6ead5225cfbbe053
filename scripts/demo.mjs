// `npm run demo`: from a fresh clone to the demo, which runs the built packages, on Redis where there is one.
import { build, install } from "./lib/prepare.mjs";
import { root, run } from "./lib/run.mjs";

await install();
await build();
const { code } = await run(["node", `${root}examples/dist/demo/main.js`, ...process.argv.slice(2)], {
  stdio: "inherit",
});
process.exitCode = code;
