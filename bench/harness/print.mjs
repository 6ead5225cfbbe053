import { grouped } from "./grouped.mjs";

/** Prints the records of a row on the console, a table for each column, and how it stands to its goals. */
export function printRow(name, row, records) {
  const whole = records.filter((record) => record.column === undefined);
  const columns = grouped(
    records.filter((record) => record.column !== undefined),
    ({ column }) => column,
  );
  for (const [column, cells] of columns) {
    console.log(`\n${name}: ${column}`);
    for (const cell of cells) console.log(`  ${labelOf(cell).padEnd(24)} ${textOf(cell)}${goalOf(row, cell)}`);
  }
  for (const cell of whole) console.log(`  ${labelOf(cell).padEnd(24)} ${textOf(cell)}`);
}

const labelOf = ({ subject, variant }) => (variant === undefined ? subject : `${subject}, ${variant}`);

function textOf({ value, unit, text, ratio, cannot, failed }) {
  if (cannot !== undefined) return `cannot: ${cannot}`;
  if (failed !== undefined) return `FAILED: ${failed}`;
  if (text !== undefined) return text;
  const figure = `${figureOf(value)} ${unit}`.padStart(16);
  if (ratio === undefined) return figure;
  const [low, middle, high] = ratio.map((each) => each.toFixed(2));
  return `${figure}  ${middle}  (${low} to ${high})`;
}

function figureOf([, middle]) {
  return Math.abs(middle) >= 100 ? middle.toFixed(0) : String(Number(middle.toPrecision(3)));
}

function goalOf({ goals = {} }, { subject, column, value, ratio }) {
  const goal = goals[column];
  if (subject !== "granary" || goal === undefined || value === undefined) return "";
  const [must, excellent] = goal;
  const [, reached] = ratio ?? value;
  if (reached <= excellent) return "  excellent";
  return reached <= must ? `  (excellent is ${excellent})` : `  MISSES ${must}`;
}
