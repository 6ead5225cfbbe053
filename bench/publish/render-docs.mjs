import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { majorOf, publishedRuns } from "../harness/results.mjs";
import { overviewOf } from "./overview.mjs";
import { plotOf } from "./plots.mjs";
import { tablesOf } from "./tables.mjs";

const docs = new URL("../../docs/", import.meta.url);
/** The pages that show something of it. */
const PAGES = ["performance.md", "faults.md"];
const folder = new URL("../../docs/performance/", import.meta.url);

/** The version of Node that the figures of the page are from. The other is repeated in short. */
const MAIN = "24";
const OTHER = "20";

/** A part of a page that is written here: <!-- bench NAME --> … <!-- end --> */
const PART = /<!-- bench ([\w-]+) -->\n[\s\S]*?<!-- end -->/g;

/** Writes the tables and the pictures of what was published into the pages. */
export async function renderDocs() {
  const { pages, plots } = await rendered();
  for (const [page, text] of pages) writeFileSync(new URL(page, docs), text);
  mkdirSync(folder, { recursive: true });
  for (const [name, svg] of plots) writeFileSync(new URL(name, folder), svg);
}

/** The pages as they should be, and their pictures, by file name. */
export async function rendered() {
  const runs = publishedRuns();
  const main = runs.filter(({ node }) => majorOf(node) === MAIN);
  const other = runs.filter(({ node }) => majorOf(node) === OTHER);
  const rows = new Map();
  for (const { row } of runs) rows.set(row, (await import(`../rows/${row}.mjs`)).row);
  const titles = new Map([...rows].map(([name, { title }]) => [name, title]));
  const parts = new Map([
    ["machine", machineOf(main)],
    ["overview", overviewOf(main, titles)],
    ["node-20", overviewOf(other, titles)],
  ]);
  const plots = new Map();
  for (const run of main) {
    parts.set(run.row, sectionOf(run, { row: rows.get(run.row), plots }));
    parts.set(`machine-${run.row}`, machineOf([run]));
  }
  const filled = (text) =>
    text.replace(PART, (_, name) => {
      return `<!-- bench ${name} -->\n\n${parts.get(name) ?? "Not measured yet."}\n\n<!-- end -->`;
    });
  const pages = new Map(PAGES.map((page) => [page, filled(readFileSync(new URL(page, docs), "utf8"))]));
  return { pages, plots };
}

function machineOf(runs) {
  if (runs.length === 0) return "Not measured yet.";
  const each = (of) => [...new Set(runs.map(of))].join(", ");
  const versions = Object.assign({}, ...runs.map((run) => run.versions));
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `Node ${each(({ node }) => node)}, Redis ${each(({ redis }) => redis)} on the same machine, ` +
      `${each(({ machine }) => machine)}; measured on ${each(({ date }) => date)}.`,
    "",
    `${list.toSorted().join(", ")}.`,
  ].join("\n");
}

function sectionOf({ row: name, records }, { row, plots }) {
  const { tables, notes, failures } = tablesOf(records);
  const parts = [row.about];
  const svg = plotOf(row, records);
  if (svg !== undefined) {
    plots.set(`${name}.svg`, svg);
    parts.push(`![${row.title}](performance/${name}.svg)`);
  }
  for (const table of tables) parts.push(markdownOf(table));
  if (notes.length > 0) parts.push(notes.map((note) => `- ${note}`).join("\n"));
  if (failures.length > 0) parts.push(failures.map((failure) => `- ${failure}`).join("\n"));
  return parts.join("\n\n");
}

function markdownOf({ title, columns, lines }) {
  const head = [title, ...columns.slice(1)];
  const rule = head.map((_, at) => (at === 0 ? "---" : "--:"));
  const bold = ([label, ...cells]) => (label.startsWith("Granary") ? [`**${label}**`, ...cells] : [label, ...cells]);
  return [head, rule, ...lines.map(bold)].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
