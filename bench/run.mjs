// `npm run bench -- <row>`: runs one row of bench/rows, or all of them, on the built packages, and prints ratios to the floor.
import { readdirSync } from "node:fs";

const folder = new URL("rows/", import.meta.url);
const rows = readdirSync(folder).map((file) => file.replace(/\.mjs$/, ""));
const wanted = process.argv.slice(2);
const unknown = wanted.filter((row) => !rows.includes(row));
if (unknown.length > 0) throw new Error(`There is no row ${unknown.join(", ")}. There are: ${rows.join(", ")}.`);

console.log(`Node ${process.version}; medians and quartiles of the ratio to the first line of each table`);
for (const row of wanted.length === 0 ? rows : wanted) {
  const { run } = await import(new URL(`${row}.mjs`, folder));
  for (const [way, results] of Object.entries(await run())) print(`${row}, ${way}`, results);
}

function print(title, results) {
  console.log(`\n${title}`);
  const width = Math.max(...results.map(({ name }) => name.length));
  for (const { name, ns, ratio } of results) {
    const [low, middle, high] = ratio.map((value) => value.toFixed(2));
    console.log(`  ${name.padEnd(width)}  ${ns.toFixed(0).padStart(8)} ns  ${middle}  (${low} to ${high})`);
  }
}
