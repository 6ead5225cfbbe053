import { grouped } from "../harness/grouped.mjs";

/**
 * Records of one row as tables: `{ title, columns, lines }`, a table for each part that columns name before a colon,
 * a line for each participant, a cell for each column. What cannot be measured stands below, as `notes`.
 */
export function tablesOf(records) {
  const measured = records.filter(({ column }) => column !== undefined);
  const tables = grouped(measured, ({ column }) => partOf(column)[0]);
  const notes = grouped(
    records.filter(({ cannot }) => cannot !== undefined),
    ({ cannot }) => cannot,
  );
  return {
    tables: [...tables].map(([title, cells]) => tableOf(title, cells)),
    notes: [...notes].map(([reason, cells]) => `${namesIn(cells)}: ${reason}`),
    failures: records.filter(({ failed }) => failed !== undefined).map((cell) => `${labelOf(cell)}: ${cell.failed}`),
  };
}

export const labelOf = ({ subject, variant }) =>
  variant === undefined ? titleOf(subject) : `${titleOf(subject)}, ${variant}`;

const TITLES = {
  "by-hand": "by hand",
  granary: "Granary",
  "node-redis": "node-redis alone",
  autopipelining: "ioredis with enableAutoPipelining",
  "lru-with-ttl": "lru-cache with ttl",
};

const titleOf = (subject) => TITLES[subject] ?? subject;

const partOf = (column) => (column.includes(": ") ? column.split(": ") : ["", column]);

const namesIn = (cells) => [...new Set(cells.map(labelOf))].join(", ");

function tableOf(title, cells) {
  const columns = [...grouped(cells, ({ column }) => column)].map(([column, [{ unit }]]) => [column, unit]);
  const lines = [...grouped(cells, labelOf)]
    .filter(([, own]) => own.some(({ cannot }) => cannot === undefined))
    .map(([label, own]) => [label, ...columns.map(([column]) => textOf(own.find((cell) => cell.column === column)))]);
  const heads = columns.map(([column, unit]) => headOf(partOf(column)[1], unit));
  return { title, columns: ["", ...heads], lines };
}

/** The unit of times stands with each of them. */
const headOf = (name, unit) =>
  unit === undefined || ["", "ns", "loads", "commands"].includes(unit) ? name : `${name}, ${unit}`;

function textOf(cell) {
  if (cell === undefined || cell.cannot !== undefined) return "–";
  if (cell.failed !== undefined) return "failed";
  if (cell.text !== undefined) return cell.text;
  const { value, unit, ratio } = cell;
  const figure = unit === "ns" ? timeOf(value[1]) : figureOf(value[1]);
  if (ratio === undefined) return figure;
  const [low, middle, high] = ratio.map((each) => each.toFixed(2));
  return cell.ratio.every((each) => each === 1) ? figure : `${middle} (${low}–${high})`;
}

export function timeOf(ns) {
  if (ns >= 1e6) return `${figureOf(ns / 1e6)} ms`;
  return ns >= 1e3 ? `${figureOf(ns / 1e3)} µs` : `${ns.toFixed(0)} ns`;
}

export function figureOf(value) {
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(2)));
}
