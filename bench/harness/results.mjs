import { appendFileSync, readFileSync, writeFileSync } from "node:fs";

const published = new URL("../results/published.jsonl", import.meta.url);
const now = new URL(`../results/${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.jsonl`, import.meta.url);

const linesOf = (records) => records.map((record) => `${JSON.stringify(record)}\n`).join("");

/** Adds to the results of this run, which stay on this machine. */
export function appendRecords(records) {
  appendFileSync(now, linesOf(records));
}

/** What the documentation shows. */
export function readPublished() {
  try {
    return readFileSync(published, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  } catch (error) {
    if (error.code === "ENOENT") return [];
    throw error;
  }
}

/** Puts `records` in the place of those of the same row and the same major version of Node. */
export function publishRecords(records) {
  const isOf = ({ row, node }) => `${row} ${majorOf(node)}`;
  const fresh = new Set(records.map(isOf));
  const kept = readPublished().filter((record) => !fresh.has(isOf(record)));
  writeFileSync(published, linesOf([...kept, ...records]));
}

export const majorOf = (node) => node.replace(/^v(\d+)\..*$/, "$1");
