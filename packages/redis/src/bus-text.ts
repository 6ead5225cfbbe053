import { type BusMessage, CacheError } from "@granary/core";

/*
 * What a bus says on its channel, version 1. One JSON object:
 *
 *   {"v":1,"from":"<random id of the bus>","type":"changed","keys":["…"]}
 *   {"v":1,"from":"<random id of the bus>","type":"marked","scope":"…","tags":["…"],"at":<ms since the epoch>}
 *   {"v":1,"from":"<random id of the bus>","type":"gap"}
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
    return heardIn(asRecord(JSON.parse(text)));
  } catch (cause) {
    return unreadable("it is not JSON", cause);
  }
}

function heardIn({ v, from, ...rest }: Spoken): HeardText {
  if (v !== VERSION || typeof from !== "string") return unreadable("it is not of version 1");
  const message = messageIn(rest);
  return message === undefined ? unreadable("it is of no type that is known") : { from, message };
}

function messageIn({ type, keys, scope, tags, at }: Spoken): BusMessage | undefined {
  if (type === "gap") return { type };
  if (type === "changed" && areTexts(keys)) return { type, keys };
  if (type !== "marked" || typeof scope !== "string" || !isInstant(at)) return undefined;
  if (tags === undefined) return { type, scope, at };
  return areTexts(tags) ? { type, scope, tags, at } : undefined;
}

type Spoken = Partial<Record<"v" | "from" | "type" | "keys" | "scope" | "tags" | "at", unknown>>;

function asRecord(value: unknown): Spoken {
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
