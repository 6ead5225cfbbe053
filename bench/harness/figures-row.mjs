import { interleaved, quartiles } from "./rounds.mjs";
import { endAll, failureOf, startAll } from "./start-all.mjs";

/**
 * Measures a row whose participants give a few figures a round: `start` gives `{ round, end }`, where `round()`
 * resolves to figures by column. `units` has the unit of each column. Gives a record for each participant and column.
 */
export async function measureFigures({ participants, start, rounds, failed, units }) {
  const started = await startAll(participants, { start, failed });
  try {
    const candidates = [...started.open].map(([participant, { round }]) => ({ participant, work: round, figures: [] }));
    const fail = (candidate, error) => {
      Object.assign(candidate, failureOf(error));
      failed(candidate.participant, error);
    };
    const results = await interleaved([candidates], { ...rounds, failed: fail });
    for (const [candidate, figures] of results.flatMap((result) => [...result])) candidate.figures.push(figures);
    return [...started.out, ...candidates.flatMap((candidate) => recordsOf(candidate, units))];
  } finally {
    await endAll(started);
  }
}

function recordsOf({ participant, failed, figures }, units) {
  if (failed !== undefined) return [{ ...participant, failed }];
  const columns = Object.keys(units).filter((column) => column in figures[0]);
  return columns.map((column) => recordOf(participant, { column, unit: units[column], figures }));
}

function recordOf(participant, { column, unit, figures }) {
  const values = figures.map((figure) => figure[column]);
  if (typeof values[0] === "string") return { ...participant, column, text: [...new Set(values)].join(" or ") };
  return { ...participant, column, unit, value: quartiles(values) };
}
