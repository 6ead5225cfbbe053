import { type BusMessage, CacheError } from "@granary/core";

/*
 * What a bus says on its channel, version 1. One JSON object:
 *
 *   {"v":1,"from":"<random id of the bus>","type":"changed","keys":["…"]}
 *   {"v":1,"from":"<random id of the bus>","type":"marked","marks":[["<name>",<ms since the epoch>]]}
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
    const { v, from, type, keys, marks } = asRecord(JSON.parse(text));
    if (v !== VERSION || typeof from !== "string") return unreadable("it is not of version 1");
    if (type === "changed" && areKeys(keys)) return { from, message: { type, keys } };
    if (type === "marked" && areMarks(marks)) return { from, message: { type, marks } };
    return unreadable("it is of no type that is known");
  } catch (cause) {
    return unreadable("it is not JSON", cause);
  }
}

function asRecord(value: unknown): Record<"v" | "from" | "type" | "keys" | "marks", unknown> {
  const none = { v: undefined, from: undefined, type: undefined, keys: undefined, marks: undefined };
  return typeof value === "object" && value !== null ? { ...none, ...value } : none;
}

function areKeys(keys: unknown): keys is string[] {
  return Array.isArray(keys) && keys.every((key) => typeof key === "string");
}

function areMarks(marks: unknown): marks is [name: string, at: number][] {
  return Array.isArray(marks) && marks.every(isMark);
}

function isMark(mark: unknown): boolean {
  return Array.isArray(mark) && mark.length === 2 && typeof mark[0] === "string" && Number.isFinite(mark[1]);
}

function unreadable(reason: string, cause?: unknown): HeardText {
  const error = new CacheError("UNREADABLE", `A message on the bus cannot be read: ${reason}.`, { cause });
  return { from: undefined, error };
}
