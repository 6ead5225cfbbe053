// `npm run bench -- [rows] [options]`: runs rows of bench/rows, or all of them, on the built packages.
//   --only a,b     these subjects instead of all of the row
//   --node <path>  a Node binary for the measured processes; BENCH_NODE does the same
//   --rounds <n>   counted rounds of the timed rows, three times as many with Redis; 11 by default
//   --short        a moment of every row, with the floor and Granary alone: that it runs, not how fast
//   --publish      puts what was measured into docs/performance.md and its pictures
//   --render       measures nothing, and writes that page again from what was published
import { readdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { Bench } from "./harness/bench.mjs";
import { printRow } from "./harness/print.mjs";
import { keepRun, publishRun } from "./harness/results.mjs";
import { renderDocs } from "./publish/render-docs.mjs";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: "string" },
    node: { type: "string", default: process.env["BENCH_NODE"] ?? process.execPath },
    rounds: { type: "string", default: "11" },
    short: { type: "boolean", default: false },
    publish: { type: "boolean", default: false },
    render: { type: "boolean", default: false },
  },
});

const known = readdirSync(new URL("rows/", import.meta.url)).map((file) => file.replace(/\.mjs$/, ""));
const unknown = positionals.filter((name) => !known.includes(name));
if (unknown.length > 0) throw new Error(`There is no row ${unknown.join(", ")}. There are: ${known.join(", ")}.`);

if (options.render) {
  await renderDocs();
  process.exit();
}

const bench = await Bench.on(options);
console.log(bench.heading);
let failures = 0;
for (const name of positionals.length === 0 ? known : positionals) {
  const { row, run } = await bench.run(name);
  failures += run.records.filter(({ failed }) => failed !== undefined).length;
  if (options.short) console.log(`${name} runs`);
  else keepRun(run);
  if (!options.short) printRow(row, run);
  if (options.publish) publishRun(run);
}
if (options.publish) await renderDocs();
if (failures > 0) {
  console.log(`\n${failures} figures failed`);
  process.exitCode = 1;
}
