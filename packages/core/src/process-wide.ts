/**
 * Where all copies of this package in a process meet: route bundles, a second copy under another package manager's
 * folder, the copies that hot reloads leave behind. The version goes up when what is kept there changes its shape.
 */
const PLACE = Symbol.for("granary.process.1");

/** What the copies of this package in a process share under `name`: made by the first that asks. */
export function processWide<T>(name: string, make: () => T): T {
  const root = globalThis as { [PLACE]?: Map<string, unknown> };
  root[PLACE] ??= new Map();
  const places = root[PLACE];
  if (!places.has(name)) places.set(name, make());
  return places.get(name) as T;
}
