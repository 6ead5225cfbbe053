import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";

const folder = new URL("../results/", import.meta.url);
const published = new URL("published.jsonl", folder);
const thisRun = new URL(`${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.jsonl`, folder);

/** Adds a run of a row to the results of this start, which stay on this machine. */
export function keepRun(run) {
  mkdirSync(folder, { recursive: true });
  appendFileSync(thisRun, lineOf(run));
}

/** Puts `run` in the place of the last published one of the same row on the same major version of Node. */
export function publishRun(run) {
  const isOther = ({ row, node }) => row !== run.row || majorOf(node) !== majorOf(run.node);
  const kept = publishedRuns().filter(isOther);
  const inOrder = [...kept, run].toSorted((a, b) => orderOf(a).localeCompare(orderOf(b)));
  writeFileSync(published, inOrder.map(lineOf).join(""));
}

/** What the documentation shows. */
export function publishedRuns() {
  if (!existsSync(published)) return [];
  const lines = readFileSync(published, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line));
}

export const majorOf = (node) => /\d+/.exec(node)[0];

const orderOf = ({ row, node }) => `${majorOf(node)} ${row}`;

const lineOf = (run) => `${JSON.stringify(run)}\n`;
