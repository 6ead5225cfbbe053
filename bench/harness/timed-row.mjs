import { grouped } from "./grouped.mjs";
import { interleaved, quartiles } from "./rounds.mjs";

/**
 * Measures a row whose children have columns that are timed, and gives a record for each subject and column, with the
 * ratio to the floor within each round.
 */
export async function measureTimed({ row, start, rounds, failed }) {
  const children = await startAll(row.subjects, start);
  try {
    const cells = await cellsOf(children.open);
    await time(
      cells.filter(({ cannot }) => cannot === null),
      { rounds, failed },
    );
    return [...children.cannot, ...cells.map((cell) => recordOf(cell, cells, row.floor))];
  } finally {
    await Promise.all([...children.open.values()].map((child) => child.end()));
  }
}

/** A child for each of `subjects`, started one after the other, and the records of those that cannot do the row. */
export async function startAll(subjects, start) {
  const [open, cannot] = [new Map(), []];
  for (const subject of subjects) {
    try {
      open.set(subject, await start(subject));
    } catch (error) {
      if (error.cannot === undefined) throw error;
      cannot.push({ subject, cannot: error.cannot });
    }
  }
  return { open, cannot };
}

async function cellsOf(children) {
  const cells = [];
  for (const [subject, child] of children) {
    for (const [column, cannot] of await child.call("columns")) {
      cells.push({ subject, column, cannot, child, times: [], work: () => child.call("batch", column) });
    }
  }
  return cells;
}

/** Fills in the times of `cells`, or why there are none. */
async function time(cells, { rounds, failed }) {
  const fail = (cell, error) => {
    cell.failed = String(error.message).split("\n")[0];
    failed(cell, error);
  };
  for (const cell of cells) await cell.child.call("warm", cell.column).catch((error) => fail(cell, error));
  const well = cells.filter((cell) => cell.failed === undefined);
  const groups = [...grouped(well, ({ column }) => column).values()];
  for (const result of await interleaved(groups, { ...rounds, failed: fail })) {
    for (const [cell, ns] of result) cell.times.push(ns);
  }
}

function recordOf({ subject, column, cannot, failed, times }, cells, floor) {
  if (cannot !== null) return { subject, column, cannot };
  if (failed !== undefined) return { subject, column, failed };
  const below = cells.find((cell) => cell.subject === floor && cell.column === column);
  const ratio = quartiles(times.map((ns, round) => ns / below.times[round]));
  return { subject, column, unit: "ns", value: quartiles(times), ratio };
}
