import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { read, root } from "../../test/support/workspace.js";
import { interleaved, quartiles } from "../harness/rounds.mjs";
import { rendered } from "../publish/render-docs.mjs";
import { barChart } from "../publish/svg.mjs";
import { tablesOf } from "../publish/tables.mjs";

const rows = readdirSync(`${root}bench/rows`).map((file) => file.replace(/\.mjs$/, ""));

/** Each value that a row reads is checked by the row itself: one that is wrong is a failure here, however fast. */
test("every row of the benches runs, with the floor and with Granary", { timeout: 900_000 }, async () => {
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ["bench/run.mjs", "--short"], { cwd: root });
  expect(rows.length).toBeGreaterThan(15);
  expect(rows.filter((row) => !stdout.includes(`\n${row} runs`))).toEqual([]);
});

test("a subject that gives something else than was stored is found out", { timeout: 900_000 }, async () => {
  const run = promisify(execFile);
  const started = run(process.execPath, ["bench/run.mjs", "l1-hit", "--short", "--only", "wrong"], { cwd: root });
  await expect(started).rejects.toThrow(/A read of id\d+ gave/);
});

test("the pages show what was published", async () => {
  const { pages, plots } = await rendered();
  expect(pages.size).toBeGreaterThan(1);
  for (const [page, text] of pages) expect(read(`docs/${page}`)).toBe(text);
  expect(new Set(readdirSync(`${root}docs/performance`))).toEqual(new Set(plots.keys()));
  for (const [name, svg] of plots) expect(read(`docs/performance/${name}`)).toBe(svg);
});

describe("rounds", () => {
  const candidate = (log: string[], name: string) => ({ name, work: async () => log.push(name) });

  test("do every candidate once each, those of a group one after the other", async () => {
    const log: string[] = [];
    const groups = [
      [candidate(log, "a1"), candidate(log, "a2")],
      [candidate(log, "b1"), candidate(log, "b2")],
    ];
    const results = await interleaved(groups, { counted: 3, warmUp: 2, failed: () => {} });
    expect(results).toHaveLength(3);
    expect(log).toHaveLength(20);
    for (let from = 0; from < log.length; from += 2) expect(log[from]?.[0]).toBe(log[from + 1]?.[0]);
  });

  test("leave out a candidate that fails, and go on with the others", async () => {
    const broken = { name: "broken", work: () => Promise.reject(new Error("no")) };
    const told: string[] = [];
    const log: string[] = [];
    const failed = ({ name }: { name: string }) => told.push(name);
    await interleaved([[candidate(log, "well"), broken]], { counted: 3, warmUp: 0, failed });
    expect(log).toHaveLength(3);
    expect(told).toEqual(["broken"]);
  });
});

test("quartiles of an odd number of values are values", () => {
  expect(quartiles([5, 1, 3, 2, 4])).toEqual([2, 3, 4]);
  expect(quartiles([7])).toEqual([7, 7, 7]);
});

test("a table has a line for each participant, and says who cannot and why", () => {
  const { tables, notes } = tablesOf([
    { subject: "by-hand", column: "get", unit: "ns", value: [90, 100, 110], ratio: [1, 1, 1] },
    { subject: "granary", column: "get", unit: "ns", value: [110, 120, 130], ratio: [1.1, 1.2, 1.3] },
    { subject: "catbox", column: "get", cannot: "it cannot" },
  ]);
  expect(tables).toEqual([
    {
      title: "",
      columns: ["", "get"],
      lines: [
        ["by hand", "100 ns"],
        ["Granary", "1.20 (1.10–1.30)"],
      ],
    },
  ]);
  expect(notes).toEqual(["catbox: it cannot"]);
});

test("a chart draws a bar for each value, as long as it is large, and escapes what it writes", () => {
  const bar = (value: number) => ({ label: `<${value}>`, text: "", value: [value, value, value], kind: "peer" });
  const svg = barChart([{ title: "a & b", base: 0, bars: [bar(1), bar(2)] }]);
  const widths = [...svg.matchAll(/<rect [^>]* width="([\d.]+)"/g)].map(([, width]) => Number(width));
  expect(widths).toHaveLength(2);
  expect((widths[1] ?? 0) / (widths[0] ?? 1)).toBeCloseTo(2, 1);
  expect(svg).toContain("a &amp; b");
  expect(svg).toContain("&lt;1&gt;");
});
