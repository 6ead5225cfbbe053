import type { CacheEntry } from "./entry.js";
import { CacheError } from "./errors.js";
import type { Serializer } from "./serializer.js";

/*
 * The wire format of an entry in a remote store, version 1 (docs/wire-format.md):
 *
 *   granary1 <createdAt> <freshUntil> <keepUntil> <t|b> <meta>\n<payload>
 */
const MAGIC = "granary1";
const ANY_VERSION = /^granary\d+ /;
const NEWLINE = 10;
const LONGEST_HEADER = 65_536;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The text, or with a binary serializer the bytes, of `entry` for a remote store.
 * @throws CacheError `INVALID_VALUE` where the serializer cannot write the value; `cause` holds its error.
 */
export function encodeEntry(entry: CacheEntry, serializer: Serializer): string | Uint8Array {
  const payload = encodeValue(entry.value, serializer);
  // Exact, to the fraction: rounded up, a load would seem younger than a mark that was raised after it had begun, and
  // rounded down, a value that was set just after a mark would seem invalidated by it.
  const deadlines = `${String(entry.createdAt)} ${writeInstant(entry.freshUntil)} ${writeInstant(entry.keepUntil)}`;
  if (typeof payload === "string") return `${MAGIC} ${deadlines} t ${writeMeta(entry)}\n${payload}`;
  const header = encoder.encode(`${MAGIC} ${deadlines} b ${writeMeta(entry)}\n`);
  const bytes = new Uint8Array(header.length + payload.length);
  bytes.set(header);
  bytes.set(payload, header.length);
  return bytes;
}

/**
 * The entry that `data` holds; `undefined` where another version of the format wrote it.
 * @throws CacheError `UNREADABLE` where nothing of ours wrote it, or it was damaged since.
 */
export function decodeEntry(data: string | Uint8Array, serializer: Serializer): CacheEntry | undefined {
  const text = typeof data === "string" ? data : undefined;
  const end = typeof data === "string" ? data.indexOf("\n") : data.subarray(0, LONGEST_HEADER).indexOf(NEWLINE);
  if (end < 0) throw unreadable("it has no header line");
  const header = text === undefined ? decodeText((data as Uint8Array).subarray(0, end)) : text.slice(0, end);
  if (!header.startsWith(`${MAGIC} `)) {
    if (ANY_VERSION.test(header)) return undefined;
    throw unreadable("its first line is not a header of ours");
  }
  const { kind, ...entry } = readHeader(header);
  const payload = data.slice(end + 1);
  return {
    ...entry,
    value: decodeValue(typeof payload === "string" || kind === "b" ? payload : decodeText(payload), serializer),
  };
}

function readHeader(header: string): Omit<CacheEntry, "value"> & { kind: string } {
  const [, created = "", fresh = "", keep = "", kind = "", ...meta] = header.split(" ");
  const [createdAt, freshUntil, keepUntil] = [readExact(created), readInstant(fresh), readInstant(keep)];
  if (kind !== "t" && kind !== "b") throw unreadable("its header does not say text or bytes");
  if (!(Number.isFinite(createdAt) && freshUntil <= keepUntil)) throw unreadable("its deadlines make no sense");
  return { createdAt, freshUntil, keepUntil, kind, ...readMeta(meta.join(" ")) };
}

function writeInstant(at: number): string {
  return at === Number.POSITIVE_INFINITY ? "never" : String(Math.round(at));
}

function readInstant(text: string): number {
  if (text === "never") return Number.POSITIVE_INFINITY;
  return /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
}

/** An instant to the fraction of a millisecond. */
function readExact(text: string): number {
  return /^-?\d{1,16}(\.\d{1,16})?$/.test(text) ? Number(text) : Number.NaN;
}

function writeMeta({ tags, etag, lastModified }: CacheEntry): string {
  if (tags === undefined && etag === undefined && lastModified === undefined) return "-";
  return JSON.stringify({ tags, etag, lastModified });
}

function readMeta(text: string): Pick<CacheEntry, "tags" | "etag" | "lastModified"> {
  if (text === "-") return {};
  const meta: unknown = parseJson(text);
  if (!isMeta(meta)) throw unreadable("the tags in its header are damaged");
  const { tags, etag, lastModified } = meta;
  return {
    ...(tags !== undefined && { tags }),
    ...(etag !== undefined && { etag }),
    ...(lastModified !== undefined && { lastModified }),
  };
}

function isMeta(meta: unknown): meta is { tags?: string[]; etag?: string; lastModified?: string } {
  if (typeof meta !== "object" || meta === null) return false;
  const { tags, etag, lastModified } = meta as Record<string, unknown>;
  const areTags = tags === undefined || (Array.isArray(tags) && tags.every((tag) => typeof tag === "string"));
  return areTags && isTextOrAbsent(etag) && isTextOrAbsent(lastModified);
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}

function encodeValue(value: unknown, serializer: Serializer): string | Uint8Array {
  try {
    return serializer.encode(value);
  } catch (cause) {
    throw new CacheError("INVALID_VALUE", `The serializer cannot write this value: ${messageOf(cause)}`, { cause });
  }
}

function decodeValue(payload: string | Uint8Array, serializer: Serializer): unknown {
  try {
    return serializer.decode(payload);
  } catch (cause) {
    throw unreadable(`the serializer cannot read its payload: ${messageOf(cause)}`, cause);
  }
}

function decodeText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw unreadable("it is not valid UTF-8", cause);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unreadable("the tags in its header are damaged", cause);
  }
}

function unreadable(reason: string, cause?: unknown): CacheError {
  return new CacheError("UNREADABLE", `The stored bytes are not an entry that can be read: ${reason}.`, { cause });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
