import { type BusMessage, CacheError } from "@granary/core";

/*
 * What a bus says on its channel, version 2. One JSON object:
 *
 *   {"v":2,"from":"<random id of the bus>","type":"changed","keys":["…"]}
 *   {"v":2,"from":"<random id of the bus>","type":"invalidated","scope":"…","tags":["…"],"epoch":"…","sequence":<n>}
 *   {"v":2,"from":"<random id of the bus>","type":"gap"}
 */
const VERSION = 2;

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
  if (v !== VERSION || typeof from !== "string") return unreadable(`it is not of version ${VERSION}`);
  const message = messageIn(rest);
  return message === undefined ? unreadable("it is of no type that is known") : { from, message };
}

function messageIn({ type, keys, scope, tags, epoch, sequence }: Spoken): BusMessage | undefined {
  if (type === "gap") return { type };
  if (type === "changed" && areTexts(keys)) return { type, keys };
  if (type !== "invalidated" || typeof scope !== "string") return undefined;
  if (typeof epoch !== "string" || !Number.isSafeInteger(sequence)) return undefined;
  const invalidated = { type, scope, epoch, sequence: sequence as number } as const;
  if (tags === undefined) return invalidated;
  return areTexts(tags) ? { ...invalidated, tags } : undefined;
}

type Spoken = Partial<Record<"v" | "from" | "type" | "keys" | "scope" | "tags" | "epoch" | "sequence", unknown>>;

function asRecord(value: unknown): Spoken {
  return typeof value === "object" && value !== null ? value : {};
}

function areTexts(texts: unknown): texts is string[] {
  return Array.isArray(texts) && texts.every((text) => typeof text === "string");
}

function unreadable(reason: string, cause?: unknown): HeardText {
  const error = new CacheError("UNREADABLE", `A message on the bus cannot be read: ${reason}.`, { cause });
  return { from: undefined, error };
}
