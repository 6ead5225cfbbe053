import {
  type CacheEntry,
  CacheError,
  encodeEntry,
  encodeParts,
  isError,
  readHeader,
  type SealedEntry,
  type Serializer,
  type StoredBytes,
  unseal,
} from "@granary/core";

/** Entries as Redis holds them. */
export interface EntryCodec {
  /** @throws CacheError `INVALID_VALUE` where the serializer cannot write the value. */
  encode(key: string, entry: CacheEntry): string | Buffer;
  /** As `encode`, for generations that are known later. What the value is counts now. */
  encodeOpen(key: string, entry: CacheEntry): OpenText;
  /**
   * All but the value; `undefined` where another version of the format wrote it, and, reported, where none did.
   * `expected` are the generations that it most likely carries.
   */
  readHeader(key: string, stored: StoredBytes, expected?: string): SealedEntry | undefined;
  /** The entry with its value, in place; `undefined`, and reported, where that cannot be read. */
  unseal(key: string, sealed: SealedEntry): CacheEntry | undefined;
  /** What Redis says of a key that holds a list, a hash or another thing not ours is reported; the rest is thrown. */
  refuse(key: string, error: unknown): undefined;
}

/** The text of an entry, but for its generations. */
export interface OpenText {
  /** Where they begin in the text. */
  readonly from: number;
  with(generations: string): string | Buffer;
}

/** Tells of `key` that it cannot be read. */
export type ReportUnreadable = (key: string, error: unknown) => void;

export interface EntryCodecParts {
  readonly serializer: Serializer;
  /** Stands as `tier` on every entry that is read. */
  readonly tier: string;
  readonly report: ReportUnreadable;
}

export function entryCodec({ serializer, tier, report }: EntryCodecParts): EntryCodec {
  // A value that keeps a piece of its text would keep that of all its neighbours in memory.
  const dataOf = (stored: StoredBytes): Uint8Array | StoredBytes =>
    serializer.copies === true ? stored : stored.bytes;
  return {
    encode: (key, entry) => toArgument(encodeEntry(entry, serializer, key)),
    encodeOpen(key, entry) {
      const { head, tail } = encodeParts(entry, serializer, key);
      const text = (generations: string): string | Buffer =>
        typeof tail === "string" ? head + generations + tail : Buffer.concat([Buffer.from(head + generations), tail]);
      return { from: head.length, with: text };
    },
    readHeader(key, stored, expected) {
      try {
        return readHeader(dataOf(stored), tier, expected);
      } catch (error) {
        report(key, error);
        return undefined;
      }
    },
    unseal(key, sealed) {
      try {
        return unseal(sealed, serializer, key);
      } catch (error) {
        report(key, error);
        return undefined;
      }
    },
    refuse(key, cause) {
      if (!(isError(cause) && cause.message.startsWith("WRONGTYPE"))) throw cause;
      report(key, new CacheError("UNREADABLE", "Redis holds something other than a string there.", { cause }));
      return undefined;
    },
  };
}

/** A client would write other bytes than a `Buffer` as numbers with commas between them. */
function toArgument(data: string | Uint8Array): string | Buffer {
  return typeof data === "string" ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
