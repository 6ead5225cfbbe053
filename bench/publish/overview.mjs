import { labelOf, timeOf } from "./tables.mjs";

/** They are what the libraries stand on, not their peers. */
const FLOORS = ["by-hand", "autopipelining", "node-redis"];

/** A line for each column of each row that has a floor: the floor, Granary and the best of the peers. */
export function overviewOf(runs, titles) {
  const lines = runs.flatMap(({ row, records }) => {
    const columns = new Set(records.filter(({ ratio }) => ratio !== undefined).map(({ column }) => column));
    return [...columns].map((column) => lineOf(`${titles.get(row)}: ${column}`, ofColumn(records, column)));
  });
  const head = ["| what | floor | Granary | best of the others |", "| --- | --- | --- | --- |"];
  return [...head, ...lines.filter((line) => line !== undefined)].join("\n");
}

const ofColumn = (records, column) => records.filter((cell) => cell.column === column && cell.ratio !== undefined);

function lineOf(title, cells) {
  const floor = cells.find(({ subject }) => subject === "by-hand");
  const ours = cells.find(({ subject }) => subject === "granary");
  if (floor === undefined || ours === undefined) return undefined;
  const peers = cells.filter(({ subject }) => !FLOORS.includes(subject) && subject !== "granary");
  const [best] = peers.toSorted((a, b) => a.ratio[1] - b.ratio[1]);
  const other = best === undefined ? "–" : `${times(best)} ${labelOf(best)}`;
  return `| ${title} | ${timeOf(floor.value[1])} | ${times(ours)} | ${other} |`;
}

const times = ({ ratio }) => `× ${ratio[1].toFixed(2)}`;
