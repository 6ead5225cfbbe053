import { labelOf, tablesOf } from "../publish/tables.mjs";

/** Prints the records of a row on the console, and how we stand to its goals. */
export function printRow(row, { row: name, records }) {
  const { tables, notes, failures } = tablesOf(records);
  console.log(`\n# ${name}: ${row.title}`);
  for (const { title, columns, lines } of tables) printTable([[title, ...columns.slice(1)], ...lines]);
  for (const note of notes) console.log(`  – ${note}`);
  for (const failure of failures) console.log(`  FAILED ${failure}`);
  for (const record of records) printGoal(row, record);
}

function printTable(lines) {
  const widths = lines[0].map((_, at) => Math.max(...lines.map((line) => line[at].length)));
  for (const line of lines) {
    console.log(
      `  ${line.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join("  ")}`,
    );
  }
}

function printGoal({ goals = {} }, record) {
  const goal = goals[record.column];
  if (record.subject !== "granary" || goal === undefined || record.value === undefined) return;
  const [must, excellent] = goal;
  const [, reached] = record.ratio ?? record.value;
  if (reached <= excellent) return;
  const verdict = reached <= must ? `above excellent, ${excellent}` : `MISSES ${must}`;
  console.log(`  ${labelOf(record)}, ${record.column}: ${Number(reached.toPrecision(3))} ${verdict}`);
}
