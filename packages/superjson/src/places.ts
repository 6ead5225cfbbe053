import { escapeKey } from "./notes.js";

type Path = readonly (string | number)[];

/**
 * What superjson notes as equal within `value`, other than objects: each bigint, and NaN, that occurs in more than one
 * place. The shortest path stands for all.
 */
export function placesOfRepeats(value: unknown): Record<string, string[]> {
  const places = new Map<unknown, Path[]>();
  collect(value, [], places);
  const equalities: Record<string, string[]> = {};
  for (const paths of places.values()) {
    if (paths.length === 1) continue;
    const [first, ...rest] = paths.sort((a, b) => a.length - b.length).map(textOf);
    if (first !== undefined) equalities[first] = rest;
  }
  return equalities;
}

function collect(value: unknown, path: Path, places: Map<unknown, Path[]>): void {
  if (typeof value === "bigint" || Number.isNaN(value)) {
    const paths = places.get(value);
    if (paths === undefined) places.set(value, [path]);
    else paths.push(path);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of itemsOf(value)) collect(item, [...path, key], places);
  }
}

/** What is within `value`, with the keys that superjson gives to it. */
function itemsOf(value: object): Iterable<readonly [string | number, unknown]> {
  if (value instanceof Map || value instanceof Set) return [...(value as Iterable<unknown>)].entries();
  return ArrayBuffer.isView(value) ? [] : Object.entries(value);
}

function textOf(path: Path): string {
  return path.map((key) => escapeKey(String(key))).join(".");
}
