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
  return splitEscaped(path).map(allowed);
}

function splitEscaped(path: string): string[] {
  const keys: string[] = [];
  let key = "";
  let from = 0;
  for (let at = 0; at < path.length; at++) {
    if (path[at] !== "\\" && path[at] !== ".") continue;
    key += path.slice(from, at);
    // What is escaped is a part of the key.
    if (path[at] === "\\") from = escapedAt(path, ++at);
    else {
      keys.push(key);
      key = "";
      from = at + 1;
    }
  }
  keys.push(key + path.slice(from));
  return keys;
}

function escapedAt(path: string, at: number): number {
  if (path[at] === "\\" || path[at] === ".") return at;
  throw unreadable("it has a malformed path");
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
