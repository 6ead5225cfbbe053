import { barChart } from "./svg.mjs";
import { figureOf, labelOf } from "./tables.mjs";

const KINDS = { granary: "ours", "by-hand": "floor" };

/** The picture of a row: a panel for each column that it names in `plot`; nothing where it names none. */
export function plotOf({ plot = [] }, records) {
  const panels = plot.map((column) => panelOf(column, records)).filter(({ bars }) => bars.length > 0);
  return panels.length === 0 ? undefined : barChart(panels);
}

function panelOf(column, records) {
  const cells = records.filter((cell) => cell.column === column && cell.value !== undefined);
  const isRatio = cells.some(({ ratio }) => ratio !== undefined);
  const bars = cells.map((cell) => {
    const value = cell.ratio ?? cell.value;
    const text = isRatio ? value[1].toFixed(2) : figureOf(value[1]);
    return { label: labelOf(cell), text, value, kind: KINDS[cell.subject] ?? "peer" };
  });
  const unit = isRatio ? "times the floor" : cells[0]?.unit;
  return { title: `${column}${unit ? `, ${unit}` : ""}`, base: isRatio ? 1 : 0, bars };
}
