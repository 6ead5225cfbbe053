import { grouped } from "./grouped.mjs";
import { interleaved, quartiles } from "./rounds.mjs";
import { endAll, failureOf, startAll } from "./start-all.mjs";

/**
 * Measures a row whose children have columns that are timed, and gives a record for each participant and column, with
 * the ratio to the floor within each round.
 */
export async function measureTimed({ participants, floor, start, rounds, failed }) {
  const children = await startAll(participants, { start, failed });
  try {
    const cells = await cellsOf(children.open);
    await time(
      cells.filter(({ cannot }) => cannot === null),
      { rounds, failed },
    );
    return [...children.out, ...cells.map((cell) => recordOf(cell, floorOf(cell, cells, floor)))];
  } finally {
    await endAll(children);
  }
}

async function cellsOf(children) {
  const cells = [];
  for (const [participant, child] of children) {
    for (const [column, cannot] of await child.call("columns")) {
      cells.push({ participant, column, cannot, child, times: [], work: () => child.call("batch", column) });
    }
  }
  return cells;
}

/** Fills in the times of `cells`, or why there are none. */
async function time(cells, { rounds, failed }) {
  const fail = (cell, error) => {
    Object.assign(cell, failureOf(error));
    failed({ ...cell.participant, column: cell.column }, error);
  };
  for (const cell of cells) await cell.child.call("warm", cell.column).catch((error) => fail(cell, error));
  const well = cells.filter((cell) => cell.failed === undefined);
  const groups = [...grouped(well, ({ column }) => column).values()];
  for (const result of await interleaved(groups, { ...rounds, failed: fail })) {
    for (const [cell, ns] of result) cell.times.push(ns);
  }
}

const floorOf = ({ column }, cells, floor) =>
  cells.find((cell) => cell.column === column && Object.values(cell.participant).includes(floor));

function recordOf({ participant, column, cannot, failed, times }, below) {
  const record = { ...participant, column };
  if (cannot !== null) return { ...record, cannot };
  if (failed !== undefined) return { ...record, failed };
  const ratio = quartiles(times.map((ns, round) => ns / below.times[round]));
  return { ...record, unit: "ns", value: quartiles(times), ratio };
}
