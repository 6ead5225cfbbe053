/**
 * Makes every change to `value`, which must be a copy of our own made by `copyValue`, throw.
 * Dates, maps and sets keep what they hold out of reach of `Object.freeze`: their methods that change it are
 * covered by ones that throw. Bytes cannot be frozen by any means: what has some in it stays as it is.
 */
export function freezeValue(value: unknown): void {
  const seen = new Set<unknown>();
  const todo = [value];
  while (todo.length > 0) {
    const part = todo.pop();
    if (typeof part !== "object" || part === null || seen.has(part)) continue;
    if (ArrayBuffer.isView(part) || part instanceof ArrayBuffer) return;
    seen.add(part);
    todo.push(...partsOf(part));
  }
  for (const part of seen) freezePart(part as object);
}

function partsOf(part: object): unknown[] {
  const properties = Reflect.ownKeys(part).map((name): unknown => Reflect.get(part, name));
  if (part instanceof Map) return [...properties, ...part.keys(), ...part.values()];
  if (part instanceof Set) return [...properties, ...part];
  return properties;
}

function freezePart(part: object): void {
  if (part instanceof Map) cover(part, ["set", "delete", "clear"]);
  else if (part instanceof Set) cover(part, ["add", "delete", "clear"]);
  else if (part instanceof Date) cover(part, DATE_SETTERS);
  else if (part instanceof RegExp) cover(part, ["compile"]);
  else if (typeof URL !== "undefined" && part instanceof URL) coverUrl(part);
  Object.freeze(part);
}

const DATE_SETTERS = Object.getOwnPropertyNames(Date.prototype).filter((name) => name.startsWith("set"));

function cover(part: object, names: readonly string[]): void {
  for (const name of names) Object.defineProperty(part, name, { value: refuse });
}

/** The parts of a URL are accessors: each is covered by one that reads the same and cannot be written. */
function coverUrl(url: URL): void {
  for (const name of Object.keys(URL.prototype)) {
    const part: unknown = Reflect.get(url, name);
    if (typeof part === "string") Object.defineProperty(url, name, { value: part });
  }
  const searchParams = url.searchParams;
  cover(searchParams, ["append", "delete", "set", "sort"]);
  Object.defineProperty(url, "searchParams", { value: Object.freeze(searchParams) });
}

function refuse(): never {
  throw new TypeError('This value is in a cache whose values are "frozen": copy it, and change the copy.');
}
