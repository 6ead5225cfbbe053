import { isMap, isSet } from "@granary/core";
import { isEqual } from "./equal.js";

/** @throws Error with `message` unless `holds`. */
export function check(holds: boolean, message: string): asserts holds {
  if (!holds) throw new Error(message);
}

/** @throws Error that shows both, unless `actual` equals `expected` in depth. */
export function checkEqual(actual: unknown, expected: unknown, what: string): void {
  if (!isEqual(actual, expected)) throw new Error(`${what}: expected ${show(expected)}, got ${show(actual)}.`);
}

const LONGEST = 300;

/** A value as a person would write it, cut where it is long. */
export function show(value: unknown): string {
  const text = write(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}… (${text.length} characters)` : text;
}

function write(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (Object.is(value, -0)) return "-0";
  if (typeof value !== "object" || value === null) return String(value);
  return writeObject(value);
}

function writeObject(value: object): string {
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  if (isMap(value)) return `Map ${writeParts([...value])}`;
  if (isSet(value)) return `Set ${writeParts([...value])}`;
  if (kind !== "Object" && kind !== "Array") return `${kind} ${String(value)}`;
  return writeParts(value);
}

function writeParts(value: object): string {
  const seen = new Set<unknown>();
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== "object" || part === null) return typeof part === "string" ? part : readable(part);
    if (seen.has(part)) return "[seen above]";
    seen.add(part);
    return part;
  });
}

function readable(part: unknown): unknown {
  const isJson = typeof part === "boolean" || part === null || (Number.isFinite(part) && !Object.is(part, -0));
  return isJson ? part : `<${write(part)}>`;
}
