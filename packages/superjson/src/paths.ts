import type { SuperJSON } from "superjson";
import { isForbiddenKey } from "./kinds.js";
import { unreadable } from "./unreadable.js";

/** Who reads, and which version of superjson's paths. */
export interface Source {
  readonly instance: SuperJSON;
  readonly version: 0 | 1;
}

/** The keys of a path. Version 0 escapes dots, version 1 backslashes too. */
export function parsePath(path: string, version: 0 | 1): string[] {
  if (!path.includes("\\")) return path.includes(".") ? path.split(".").map(allowed) : [allowed(path)];
  if (version === 0) return path.split(/(?<!\\)\./).map((key) => allowed(key.replaceAll("\\.", ".")));
  if (!/^(?:[^\\]|\\[\\.])*$/.test(path)) throw unreadable("it has a malformed path");
  return splitEscaped(path).map(allowed);
}

function splitEscaped(path: string): string[] {
  const keys: string[] = [];
  let key = "";
  for (const [part, escaped] of path.matchAll(/\\([\\.])|[^\\.]+|\./g)) {
    if (part !== ".") key += escaped ?? part;
    else {
      keys.push(key);
      key = "";
    }
  }
  return [...keys, key];
}

/** The index that `key` means in a list of `length`. */
export function parseIndex(key: string, length: number): number {
  const index = /^(?:0|[1-9]\d{0,9})$/.test(key) ? Number(key) : Number.NaN;
  if (index < length) return index;
  throw unreadable(`it speaks of an item "${key}" that is not there`);
}

function allowed(key: string): string {
  if (isForbiddenKey(key)) throw unreadable(`it has the key "${key}" in a path`);
  return key;
}
