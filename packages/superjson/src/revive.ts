import { isRecord } from "./kinds.js";
import { parseIndex, parsePath, type Source } from "./paths.js";
import { unreadable } from "./unreadable.js";
import { untransform } from "./untransform.js";

/**
 * Gives the values within `json` back their types, in place, by superjson's `meta.values`: a note is `[type]`,
 * `[type, notes within]`, or notes by path. Inner values come first, so every path leads through bare JSON.
 */
export function revive(json: unknown, note: unknown, source: Source): unknown {
  if (!Array.isArray(note)) return reviveWithin(json, note, source);
  if (note.length !== 1 && note.length !== 2) throw unreadable("it has a malformed note of a type");
  const inner = note.length === 2 ? reviveWithin(json, note[1], source) : json;
  return untransform(inner, note[0], source.instance);
}

function reviveWithin(json: unknown, notes: unknown, source: Source): unknown {
  if (!isRecord(notes)) throw unreadable("it has malformed notes of types");
  for (const path of Object.keys(notes)) {
    const keys = parsePath(path, source.version);
    const last = keys.pop() ?? "";
    const holder = keys.length === 0 ? json : keys.reduce(itemOf, json);
    const item = revive(itemOf(holder, last), notes[path], source);
    // `itemOf` has found the key in an array or a record.
    (holder as Record<string, unknown>)[last] = item;
  }
  return json;
}

function itemOf(json: unknown, key: string): unknown {
  if (Array.isArray(json)) return json[parseIndex(key, json.length)];
  if (isRecord(json) && Object.hasOwn(json, key)) return json[key];
  throw unreadable(`it speaks of a key "${key}" that is not there`);
}
