import { type BusMessage, CacheError } from "@granary/core";

/*
 * What a bus says on its channel, version 1. One JSON object:
 *
 *   {"v":1,"from":"<random id of the bus>","type":"changed","keys":["…"]}
 *   {"v":1,"from":"<random id of the bus>","type":"marked","scope":"…","tags":["…"],"at":<ms since the epoch>}
 */
const VERSION = 1;

/** A message, and the id of the bus that sent it; or why the text is not one. */
export type HeardText =
  | { readonly from: string; readonly message: BusMessage }
  | { readonly from: undefined; readonly error: CacheError };

/** The text of `message` from the bus called `from`. */
export function busText(from: string, message: BusMessage): string {
  return JSON.stringify({ v: VERSION, from, ...message });
}

/** Reads what `busText` wrote. */
export function readBusText(text: string): HeardText {
  try {
    const { v, from, type, keys, scope, tags, at } = asRecord(JSON.parse(text));
    if (v !== VERSION || typeof from !== "string") return unreadable("it is not of version 1");
    if (type === "changed" && areTexts(keys)) return { from, message: { type, keys } };
    if (type === "marked" && typeof scope === "string" && isInstant(at)) {
      if (tags === undefined) return { from, message: { type, scope, at } };
      if (areTexts(tags)) return { from, message: { type, scope, tags, at } };
    }
    return unreadable("it is of no type that is known");
  } catch (cause) {
    return unreadable("it is not JSON", cause);
  }
}

function asRecord(value: unknown): Partial<Record<"v" | "from" | "type" | "keys" | "scope" | "tags" | "at", unknown>> {
  return typeof value === "object" && value !== null ? value : {};
}

function areTexts(texts: unknown): texts is string[] {
  return Array.isArray(texts) && texts.every((text) => typeof text === "string");
}

function isInstant(at: unknown): at is number {
  return typeof at === "number" && Number.isFinite(at);
}

function unreadable(reason: string, cause?: unknown): HeardText {
  const error = new CacheError("UNREADABLE", `A message on the bus cannot be read: ${reason}.`, { cause });
  return { from: undefined, error };
}
