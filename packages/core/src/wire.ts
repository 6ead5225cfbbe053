import type { CacheEntry } from "./entry.js";
import { CacheError } from "./errors.js";
import type { Serializer } from "./serializer.js";

/*
 * The wire format of an entry in a remote store, version 1 (docs/wire-format.md):
 *
 *   granary1 <t|b> <createdAt> <freshUntil> <keepUntil> <meta>\n<payload>
 */
const MAGIC = "granary1 ";
const ANY_VERSION = /^granary\d+ [^\n]*\n/;
const NO_META = "-";
/** All before the meta fits into this many characters. */
const LONGEST_BEGINNING = 96;
/** What is not of this version is searched for a header line up to here. */
const LONGEST_FOREIGN_LINE = 65_536;

const NEWLINE = 10;
const POINT = 46;
const SPACE = 32;
const ZERO = 48;
const BYTES = 98;
const TEXT = 116;

const MOST_DIGITS = 16;
const DEADLINE = /^(?:never|-?\d{1,16})$/;
/** A number as JavaScript prints it. */
const BEGINNING = /^-?\d{1,21}(?:\.\d{1,24})?(?:e[+-]\d{1,3})?$/;

/** An entry that is being read. */
type Draft = { -readonly [Property in keyof CacheEntry]: CacheEntry[Property] };

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const magicBytes = encoder.encode(MAGIC);

/**
 * The text, or with a binary serializer the bytes, of `entry` for a remote store.
 * @throws CacheError `INVALID_VALUE` where the serializer cannot write the value; `cause` holds its error.
 */
export function encodeEntry(entry: CacheEntry, serializer: Serializer): string | Uint8Array {
  const payload = encodeValue(entry.value, serializer);
  const instants = `${entry.createdAt} ${writeDeadline(entry.freshUntil)} ${writeDeadline(entry.keepUntil)}`;
  const rest = `${instants} ${writeMeta(entry)}\n`;
  if (typeof payload === "string") return `${MAGIC}t ${rest}${payload}`;
  const header = encoder.encode(`${MAGIC}b ${rest}`);
  const bytes = new Uint8Array(header.length + payload.length);
  bytes.set(header);
  bytes.set(payload, header.length);
  return bytes;
}

/**
 * The entry that `data` holds, said to come from `tier` if one is given; `undefined` where another version of the
 * format wrote it.
 * @throws CacheError `UNREADABLE` where nothing of ours wrote it, or it was damaged since.
 */
export function decodeEntry(data: string | Uint8Array, serializer: Serializer, tier?: string): CacheEntry | undefined {
  const beginning = typeof data === "string" ? encoder.encode(data.slice(0, LONGEST_BEGINNING)) : data;
  const kind = kindOf(beginning);
  if (kind === undefined) return refuseUnlessVersioned(data);
  // Header and payload in one go: a call of the decoder costs more than the characters of a header.
  const text = typeof data === "string" ? data : decodeText(kind === TEXT ? data : firstLine(data));
  const reader = new InstantReader(beginning, text);
  const createdAt = reader.next(BEGINNING);
  const freshUntil = reader.next(DEADLINE);
  const keepUntil = reader.next(DEADLINE);
  if (!(Number.isFinite(createdAt) && freshUntil <= keepUntil)) throw unreadable("its deadlines make no sense");
  const end = text.indexOf("\n", reader.at);
  if (end < 0) throw unreadable("it has no header line");
  const payload = typeof data === "string" || kind === TEXT ? text.slice(end + 1) : afterFirstLine(data);
  const value = decodeValue(payload, serializer);
  const entry: Draft =
    tier === undefined
      ? { value, createdAt, freshUntil, keepUntil }
      : { value, createdAt, freshUntil, keepUntil, tier };
  const meta = text.slice(reader.at, end);
  if (meta !== NO_META) addMeta(entry, meta);
  return entry;
}

/** Whether the payload is text or bytes; `undefined` where this version of the format did not write it. */
function kindOf(bytes: Uint8Array): number | undefined {
  for (let at = 0; at < MAGIC.length; at += 1) if (bytes[at] !== magicBytes[at]) return undefined;
  const kind = bytes[MAGIC.length];
  if ((kind === TEXT || kind === BYTES) && bytes[MAGIC.length + 1] === SPACE) return kind;
  throw unreadable("its header does not say text or bytes");
}

function refuseUnlessVersioned(data: string | Uint8Array): undefined {
  const line = typeof data === "string" ? data : decodeText(firstLine(data.subarray(0, LONGEST_FOREIGN_LINE)));
  if (!ANY_VERSION.test(line)) throw unreadable("its first line is not a header of ours");
}

function firstLine(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.indexOf(NEWLINE) + 1);
}

function afterFirstLine(bytes: Uint8Array): Uint8Array {
  return bytes.slice(bytes.indexOf(NEWLINE) + 1);
}

/** Reads the instants of a header, one after the other. */
class InstantReader {
  /** Where the next word begins. All before it is ASCII, so this is the same place in the bytes and in the text. */
  at = MAGIC.length + "t ".length;
  readonly #bytes: Uint8Array;
  readonly #text: string;

  /** Digits are read from `bytes`, which is faster than from a string; the rare word of another form from `text`. */
  constructor(bytes: Uint8Array, text: string) {
    this.#bytes = bytes;
    this.#text = text;
  }

  /** The instant up to the next space; `NaN` where that is neither a few digits nor `allowed`. */
  next(allowed: RegExp): number {
    const bytes = this.#bytes;
    let at = this.at;
    let number = 0;
    for (let digit = digitAt(bytes, at); digit >= 0 && digit <= 9; digit = digitAt(bytes, at)) {
      number = number * 10 + digit;
      at += 1;
    }
    const length = at - this.at;
    if (length === 0 || length > MOST_DIGITS) return this.#nextWord(allowed);
    if (bytes[at] === POINT && allowed === BEGINNING) return this.#nextFraction(at + 1);
    if (bytes[at] !== SPACE) return this.#nextWord(allowed);
    this.at = at + 1;
    return number;
  }

  /** The instant whose digits behind the point begin at `from`: read by the language itself, to the last bit. */
  #nextFraction(from: number): number {
    let at = from;
    for (let digit = digitAt(this.#bytes, at); digit >= 0 && digit <= 9; digit = digitAt(this.#bytes, at)) at += 1;
    if (at === from || at - from > MOST_DIGITS || this.#bytes[at] !== SPACE) return this.#nextWord(BEGINNING);
    const word = this.#text.slice(this.at, at);
    this.at = at + 1;
    return Number(word);
  }

  #nextWord(allowed: RegExp): number {
    const end = this.#text.indexOf(" ", this.at);
    const word = this.#text.slice(this.at, Math.max(this.at, end));
    this.at = end + 1;
    if (!allowed.test(word)) return Number.NaN;
    return word === "never" ? Number.POSITIVE_INFINITY : Number(word);
  }
}

function digitAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? Number.NaN) - ZERO;
}

/** Whole milliseconds, as the backends' own deadlines are. No date is beyond the largest safe integer. */
function writeDeadline(at: number): string {
  return at > Number.MAX_SAFE_INTEGER ? "never" : String(Math.round(at));
}

function writeMeta({ tags, etag, lastModified }: CacheEntry): string {
  if (tags === undefined && etag === undefined && lastModified === undefined) return NO_META;
  return JSON.stringify({ tags, etag, lastModified });
}

function addMeta(entry: Draft, text: string): void {
  const meta: unknown = parseJson(text);
  if (!isMeta(meta)) throw unreadable("the tags in its header are damaged");
  if (meta.tags !== undefined) entry.tags = meta.tags;
  if (meta.etag !== undefined) entry.etag = meta.etag;
  if (meta.lastModified !== undefined) entry.lastModified = meta.lastModified;
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
