import { isError } from "@granary/core";
import type { SuperJSON } from "superjson";
import { hasForbiddenKey } from "./forbidden.js";
import { isRecord } from "./kinds.js";
import { link } from "./link.js";
import type { Source } from "./paths.js";
import { revive } from "./revive.js";
import { unreadable } from "./unreadable.js";

/** What stands before the value. */
const OPENING = '{"json":';
/** How the notes on a value end, where there are any. */
const NOTES_END = '"v":1}}';

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * What `instance.parse(text)` gives for all that its `stringify` writes. Text that cannot come from there throws.
 */
export function decode(data: string | Uint8Array, instance: SuperJSON): unknown {
  const text = typeof data === "string" ? data : utf8.decode(data);
  const bare = parseBare(text);
  if (bare === undefined) return decodeWhole(text, instance);
  refuseForbiddenKey(text, bare);
  return bare;
}

function refuseForbiddenKey(text: string, json: unknown): void {
  if (hasForbiddenKey(text, json)) throw unreadable('it has a key "__proto__", "constructor" or "prototype"');
}

/**
 * The value in `text` where nothing stands beside it, `undefined` elsewhere. What is between the opening and the last
 * brace is JSON exactly then; to parse it without the object around it takes an eighth less time.
 */
function parseBare(text: string): unknown {
  if (!text.startsWith(OPENING) || !text.endsWith("}") || text.endsWith(NOTES_END)) return undefined;
  try {
    return JSON.parse(text.slice(OPENING.length, -1));
  } catch {
    // Notes that an older version of superjson wrote, or not JSON at all: the whole text will tell.
    return undefined;
  }
}

function decodeWhole(text: string, instance: SuperJSON): unknown {
  const payload: unknown = JSON.parse(text);
  if (!isRecord(payload) || !Object.hasOwn(payload, "json"))
    throw unreadable('it is not an object with the key "json"');
  refuseForbiddenKey(text, payload);
  const { json, meta } = payload as { json: unknown; meta?: unknown };
  return meta === undefined ? json : reviveOrRefuse(json, meta, instance);
}

/** Notes lie within each other as maps and sets do; so deep ones were not written by a program that can read them. */
function reviveOrRefuse(json: unknown, meta: unknown, instance: SuperJSON): unknown {
  try {
    return decodeWithMeta(json, meta, instance);
  } catch (cause) {
    throw isError(cause) && cause.name === "RangeError" ? unreadable("it is nested too deep", cause) : cause;
  }
}

function decodeWithMeta(json: unknown, meta: unknown, instance: SuperJSON): unknown {
  if (!isRecord(meta)) throw unreadable("its meta is not an object");
  const { values, referentialEqualities, v, ...unknowns } = meta;
  if (Object.keys(unknowns).length > 0) throw unreadable("its meta has unknown keys");
  // Older versions of superjson wrote none.
  if (v !== 1 && v !== undefined) throw unreadable("its meta is of an unknown version");
  const source: Source = { instance, version: v === 1 ? 1 : 0 };
  const revived = values === undefined ? json : revive(json, values, source);
  return referentialEqualities === undefined ? revived : link(revived, referentialEqualities, source.version);
}
