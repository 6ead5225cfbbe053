import {
  type Admit,
  type Awaitable,
  type CacheEntry,
  CacheError,
  decodeEntry,
  isCacheError,
  isError,
  messageOf,
  type Serializer,
} from "@granary/core";
import { memberOf } from "./keyv-like.js";
import { fromStoredText } from "./stored-text.js";

/** By what a read is judged. */
export interface Judge {
  /** The instant that `keepUntil` is held against. */
  readonly now: number;
  readonly admit: Admit | undefined;
}

export interface EntryReaderOptions {
  readonly serializer: Serializer;
  /** The tier that each entry says it comes from. */
  readonly name: string;
  /** Hears of what could not be read. */
  unreadable(error: CacheError, key: string): void;
}

/** Makes entries of what Keyv hands out. */
export class EntryReader {
  readonly #options: EntryReaderOptions;

  constructor(options: EntryReaderOptions) {
    this.#options = options;
  }

  /** The entry in `row`, which is Keyv's envelope or the value in it; nothing where it is gone or cannot be read. */
  read(key: string, row: unknown, { now, admit }: Judge): Awaitable<CacheEntry | undefined> {
    if (row === undefined || row === null) return undefined;
    const entry = this.#decode(key, typeof row === "string" ? row : memberOf(row, "value"));
    if (entry === undefined || entry.keepUntil <= now) return undefined;
    return admit === undefined ? entry : admit(key, entry);
  }

  /** Reports what is under `key` as damaged where `error` means that; throws it where it does not. */
  refuse(key: string, error: unknown): undefined {
    if (!isGarbled(error)) throw error;
    this.#options.unreadable(asUnreadable(error), key);
  }

  #decode(key: string, text: unknown): CacheEntry | undefined {
    const { serializer, name } = this.#options;
    try {
      if (typeof text !== "string") throw new TypeError("it is not text");
      return decodeEntry(fromStoredText(text), serializer, { key, tier: name });
    } catch (error) {
      this.#options.unreadable(asUnreadable(error), key);
      return undefined;
    }
  }
}

/** Whether Keyv itself could not read its envelope: JSON that does not parse, or a bare `null`, which Keyv 5 trips over. */
export function isGarbled(error: unknown): boolean {
  return (
    isError(error) &&
    (error.name === "SyntaxError" || (error.name === "TypeError" && error.message.includes("expires")))
  );
}

function asUnreadable(cause: unknown): CacheError {
  if (isCacheError(cause)) return cause;
  const reason = messageOf(cause);
  return new CacheError("UNREADABLE", `What Keyv holds is not an entry that can be read: ${reason}.`, { cause });
}
