import { builtInOf, isError, isMap, isSet } from "@granary/core";
import type { Held } from "./held.js";

/*
 * An estimate of heap bytes on a 64-bit V8 without pointer compression, as Node.js is built: eight bytes a
 * word, a string header of two words and a byte or two a character, an object header of three words, boxed
 * numbers of two words. Hidden classes and property names are shared between objects and cost nothing here.
 */
const WORD = 8;
const OBJECT = 3 * WORD;
/** An object literal without a property gets room for four. */
const EMPTY_OBJECT = 7 * WORD;
const STRING = 2 * WORD;
const NUMBER = 2 * WORD;
const ARRAY = 4 * WORD;
const ARRAY_PARTS = 2 * WORD;
const TABLE = 9 * WORD;
const SMALLEST_TABLE = 4;
/** Key, value and chain of a map's pair with its half of a bucket; a set's part has no value. */
const MAP_PAIR = 3.5 * WORD;
const SET_PART = 2.5 * WORD;
const DATE = 15 * WORD;
const BYTES = 23 * WORD;
const URL_PARTS = 24 * WORD;
const REGEXP = 10 * WORD;
/** An error with its stack, which V8 keeps as frames until somebody reads it. */
const ERROR = 42 * WORD;
const FUNCTION = 8 * WORD;

/** What the store itself needs for an entry: what it is held as (80), and its part of the map and the list of them. */
const ENTRY = 160;

/** Estimated heap bytes of an entry with its key, its tags and what the store needs to hold it. */
export function sizeOfHeld({ key, value, rest }: Held): number {
  // What tiers add is shared by many entries.
  const isOwn = (rest?.tags ?? rest?.etag ?? rest?.lastModified) !== undefined;
  return ENTRY + sizeOfString(key) + (isOwn ? sizeOf(rest) : 0) + sizeOf(value);
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
  return typeof value === "function" ? FUNCTION : 0;
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
  // The most frequent case, without a question.
  if (Object.getPrototypeOf(value) === Object.prototype) return sizeOfProperties(value, todo);
  if (isMap(value)) return sizeOfMap(value, todo);
  if (isSet(value)) return sizeOfSet(value, todo);
  if (builtInOf(value) === "Date") return DATE;
  if (ArrayBuffer.isView(value) || builtInOf(value) === "ArrayBuffer")
    return BYTES + roundUp((value as ArrayBuffer).byteLength);
  return sizeOfInside(value) + sizeOfProperties(value, todo);
}

function sizeOfArray(parts: readonly unknown[], todo: unknown[]): number {
  if (parts.length === 0) return ARRAY;
  // An array of nothing but numbers holds them unboxed.
  if (!parts.every((part) => typeof part === "number")) for (const part of parts) todo.push(part);
  return ARRAY + ARRAY_PARTS + parts.length * WORD;
}

function sizeOfMap(map: ReadonlyMap<unknown, unknown>, todo: unknown[]): number {
  for (const [key, part] of map) todo.push(key, part);
  return TABLE + tableFor(map.size) * MAP_PAIR;
}

function sizeOfSet(set: ReadonlySet<unknown>, todo: unknown[]): number {
  for (const part of set) todo.push(part);
  return TABLE + tableFor(set.size) * SET_PART;
}

/** Tables of maps and sets double when they are full. */
function tableFor(size: number): number {
  return Math.max(SMALLEST_TABLE, 2 ** Math.ceil(Math.log2(size)));
}

/** What an object of some classes of the language holds out of sight. */
function sizeOfInside(value: object): number {
  if (isError(value)) return ERROR + sizeOfString(value.message);
  const builtIn = builtInOf(value);
  if (builtIn === "RegExp") return REGEXP + sizeOfString((value as RegExp).source);
  return builtIn === "URL" ? URL_PARTS + sizeOfString((value as URL).href) : 0;
}

function sizeOfProperties(value: object, todo: unknown[]): number {
  const keys = Object.keys(value);
  for (const key of keys) todo.push(Reflect.get(value, key));
  return keys.length === 0 ? EMPTY_OBJECT : OBJECT + keys.length * WORD;
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / WORD) * WORD;
}
