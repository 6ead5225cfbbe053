import type { CacheEntry } from "@granary/core";

/*
 * An estimate of heap bytes on a 64-bit V8 without pointer compression, as Node.js is built: eight bytes a
 * word, a string header of two words and a byte or two a character, an object header of three words, boxed
 * numbers of two words. Hidden classes and property names are shared between objects and cost nothing here.
 */
const WORD = 8;
const OBJECT = 3 * WORD;
const STRING = 2 * WORD;
const NUMBER = 2 * WORD;
const ARRAY = 6 * WORD;
const COLLECTION = 14 * WORD;
const DATE = 14 * WORD;
const BYTES = 26 * WORD;
const OTHER = 12 * WORD;
const MAP_PAIR = 4 * WORD;
const SET_PART = 3 * WORD;

/** What the store itself needs for an entry: the entry, its deadlines, its place in the map and the list. */
const ENTRY = 160;

/** Estimated heap bytes of an entry with its key, its tags and what the store needs to hold it. */
export function sizeOfEntry(entry: CacheEntry, key: string): number {
  const tags = entry.tags === undefined ? 0 : sizeOf(entry.tags);
  return ENTRY + sizeOfString(key) + tags + sizeOf(entry.value);
}

/** Estimated heap bytes of a value. What occurs in it twice is counted once. */
export function sizeOf(value: unknown): number {
  const seen = new Set<object>();
  const todo: unknown[] = [value];
  let bytes = 0;
  while (todo.length > 0) {
    const part = todo.pop();
    if (typeof part !== "object" || part === null) bytes += sizeOfPrimitive(part);
    else if (!seen.has(part)) {
      seen.add(part);
      bytes += sizeOfObject(part, todo);
    }
  }
  return bytes;
}

function sizeOfPrimitive(value: unknown): number {
  if (typeof value === "string") return sizeOfString(value);
  if (typeof value === "number") return isSmallInteger(value) ? 0 : NUMBER;
  if (typeof value === "bigint") return 2 * WORD + Math.ceil(value.toString(16).length / 16) * WORD;
  return typeof value === "function" ? OTHER : 0;
}

function isSmallInteger(value: number): boolean {
  return Object.is(value | 0, value);
}

function sizeOfString(text: string): number {
  const width = BEYOND_LATIN.test(text) ? 2 : 1;
  return STRING + roundUp(text.length * width);
}

const BEYOND_LATIN = /[^\u0000-\u00ff]/;

/** The bytes of an object without its parts, which are left to do. */
function sizeOfObject(value: object, todo: unknown[]): number {
  if (Array.isArray(value)) return sizeOfArray(value, todo);
  if (value instanceof Map) return sizeOfMap(value, todo);
  if (value instanceof Set) return sizeOfSet(value, todo);
  if (value instanceof Date) return DATE;
  if (ArrayBuffer.isView(value)) return BYTES + roundUp(value.byteLength);
  if (value instanceof ArrayBuffer) return BYTES + roundUp(value.byteLength);
  return sizeOfProperties(value, todo);
}

function sizeOfArray(parts: readonly unknown[], todo: unknown[]): number {
  for (const part of parts) todo.push(part);
  return ARRAY + parts.length * WORD;
}

function sizeOfMap(map: ReadonlyMap<unknown, unknown>, todo: unknown[]): number {
  for (const [key, part] of map) todo.push(key, part);
  return COLLECTION + map.size * MAP_PAIR;
}

function sizeOfSet(set: ReadonlySet<unknown>, todo: unknown[]): number {
  for (const part of set) todo.push(part);
  return COLLECTION + set.size * SET_PART;
}

function sizeOfProperties(value: object, todo: unknown[]): number {
  const keys = Object.keys(value);
  for (const key of keys) todo.push(Reflect.get(value, key));
  const hidden = value instanceof Error || value instanceof RegExp ? OTHER + STRING + String(value).length : 0;
  return OBJECT + keys.length * WORD + hidden;
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / WORD) * WORD;
}
