/** `12,345`. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** `96.1 %`. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** A span of milliseconds in the unit that suits it: `0.4 µs`, `31.0 ms`, `12.3 s`. */
export function span(ms: number): string {
  if (ms < 0.1) return `${(ms * 1_000).toFixed(1)} µs`;
  if (ms < 1_000) return `${ms.toFixed(ms < 10 ? 2 : 1)} ms`;
  return `${(ms / 1_000).toFixed(1)} s`;
}

/** The value that a fraction of all values does not exceed: 0.5 for the median. `NaN` of nothing. */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(sorted.length * fraction) - 1)] ?? Number.NaN;
}

/** Lines of aligned columns: the first to the left, the others to the right. */
export function table(rows: ReadonlyArray<readonly string[]>): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("   ");
  return rows.map((row) => `  ${line(row)}`).join("\n");
}

/** Lines of a name and what is said about it. */
export function facts(pairs: ReadonlyArray<readonly [name: string, fact: string]>): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, fact]) => `  ${name.padEnd(width)}   ${fact}`).join("\n");
}

/** The title of a section; bold where a person reads it on a screen that can. */
export function title(text: string): string {
  const isBold = process.stdout.isTTY && process.env["NO_COLOR"] === undefined;
  return isBold ? `\n\u001b[1m${text}\u001b[22m\n` : `\n${text}\n`;
}
