import type { Admit, Awaitable, CacheEntry, ManyCapability } from "@granary/core";
import type { EntryCodec } from "./entry-codec.js";
import type { ReadBatch } from "./read-batch.js";

/** What reading entries needs: where bytes come from, what they mean, and when it is. */
export interface EntryReadsParts {
  readonly batch: ReadBatch;
  readonly codec: EntryCodec;
  readonly now: () => number;
  /** Stands as `tier` on every entry. */
  readonly tier: string;
}

/** The reading half of a store. */
export interface EntryReads {
  get(key: string, now?: number, admit?: Admit): Promise<CacheEntry | undefined>;
  readonly getMany: ManyCapability["get"];
  /** The entry that `bytes` hold, judged. */
  open(key: string, bytes: Uint8Array | null, admit?: Admit): Awaitable<CacheEntry | undefined>;
}

export function entryReads({ batch, codec, now: clockNow, tier }: EntryReadsParts): EntryReads {
  const open = (key: string, bytes: Uint8Array, now = clockNow()): CacheEntry | undefined => {
    const entry = codec.decode(key, bytes);
    return entry === undefined || entry.keepUntil <= now ? undefined : { ...entry, tier };
  };
  const get: EntryReads["get"] = (key, now, admit) =>
    batch.read(key).then(
      (bytes) => admitted(key, bytes === null ? undefined : open(key, bytes, now), admit),
      (error: unknown) => codec.refuse(key, error),
    );
  const openAdmitted: EntryReads["open"] = (key, bytes, admit) =>
    admitted(key, bytes === null ? undefined : open(key, bytes), admit);
  return {
    get,
    open: openAdmitted,
    getMany: (keys, now, admit) => Promise.all(keys.map((key) => get(key, now, admit))),
  };
}

function admitted(key: string, entry: CacheEntry | undefined, admit?: Admit): Awaitable<CacheEntry | undefined> {
  return entry === undefined || admit === undefined ? entry : admit(key, entry);
}
