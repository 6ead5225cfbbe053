import { decodeValue, encodeValue, unreadable } from "./encoded-value.js";
import type { CacheEntry } from "./entry.js";
import { InstantReader } from "./instant-reader.js";
import { isBytes } from "./realms.js";
import type { Serializer } from "./serializer.js";

/*
 * The wire format of an entry in a remote store, version 2 (docs/wire-format.md):
 *
 *   granary2 <t|b> <createdAt> <freshUntil> <keepUntil> <generations> <meta>\n<payload>
 */
const MAGIC = "granary2 ";
const ANY_VERSION = /^granary\d+ [^\n]*\n/;
/** Where the first word behind the kind begins. */
const HEADER_START = `${MAGIC}t `.length;
/** Stands for generations, and for meta, where there are none. */
const NOTHING = "-";
/** The instants fit into this many characters. */
const LONGEST_BEGINNING = 96;
/** What is not of this version is searched for a header line up to here. */
const LONGEST_FOREIGN_LINE = 65_536;

const GENERATIONS = /^(?:-|[0-9a-z]+\.\d{1,16}(?:,[0-9a-z]+\.\d{1,16})*)$/;

const NEWLINE = 10;
const DASH = 45;
const SPACE = 32;

const BYTES = 98;
const TEXT = 116;

/** What a store holds, with its text where that is known already. */
export interface StoredBytes {
  readonly bytes: Uint8Array;
  /** The bytes as UTF-8. */
  readonly text: string | undefined;
}

/** An entry whose value is still what a serializer made of it. */
export type SealedEntry = CacheEntry<string | Uint8Array>;

/** An entry that is being read. */
type Draft<V = unknown> = { -readonly [Property in keyof CacheEntry]: CacheEntry<V>[Property] };

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const magicBytes = encoder.encode(MAGIC);

/** Where stored bytes were found. */
export interface EntryOrigin {
  /** The key of the entry, as the cache gives it to the store: told to the serializer. */
  readonly key?: string | undefined;
  /** The tier that the entry is said to come from. */
  readonly tier?: string | undefined;
}

/**
 * The text, or with a binary serializer the bytes, of `entry` for a remote store. The serializer is told its `key`, as the
 * cache gives it to the store: one that encrypts can so bind the value to it.
 * @throws CacheError `INVALID_VALUE` where the serializer cannot write the value; `cause` holds its error.
 */
export function encodeEntry(entry: CacheEntry, serializer: Serializer, key?: string): string | Uint8Array {
  const { head, tail } = encodeParts(entry, serializer, key);
  const { generations = "" } = entry;
  const beginning = head + (generations === "" ? NOTHING : generations);
  return typeof tail === "string" ? beginning + tail : joined(beginning, tail);
}

/** An entry on the wire, without its generations: these belong between the two, where a server puts in those that stand. */
export interface EntryParts {
  readonly head: string;
  readonly tail: string | Uint8Array;
}

/** As `encodeEntry`, for a server that writes the generations itself. */
export function encodeParts(entry: CacheEntry, serializer: Serializer, key?: string): EntryParts {
  const payload = encodeValue(entry.value, serializer, key);
  const [kind, meta] = [typeof payload === "string" ? "t" : "b", ` ${writeMeta(entry)}\n`];
  const instants = `${Math.floor(entry.createdAt)} ${writeDeadline(entry.freshUntil)} ${writeDeadline(entry.keepUntil)}`;
  const tail = typeof payload === "string" ? meta + payload : joined(meta, payload);
  return { head: `${MAGIC}${kind} ${instants} `, tail };
}

function joined(text: string, payload: Uint8Array): Uint8Array {
  const beginning = encoder.encode(text);
  const bytes = new Uint8Array(beginning.length + payload.length);
  bytes.set(beginning);
  bytes.set(payload, beginning.length);
  return bytes;
}

/**
 * The entry that `data` holds; `undefined` where another version of the format wrote it.
 * @throws CacheError `UNREADABLE` where nothing of ours wrote it, or it was damaged since.
 */
export function decodeEntry(
  data: string | Uint8Array | StoredBytes,
  serializer: Serializer,
  { key, tier }: EntryOrigin = {},
): CacheEntry | undefined {
  const sealed = readHeader(data, tier);
  return sealed === undefined ? undefined : unseal(sealed, serializer, key);
}

/**
 * As `decodeEntry`, up to the value: that stays as the serializer wrote it until `unseal`. To read the headers of many
 * entries before the first of their values takes a tenth less time for all, since the code for both does not fit into
 * the processor's caches; and an entry that is gone need not be unsealed. Generations that are `expected` are recognised
 * and not read, since most entries carry those that stand.
 */
export function readHeader(
  data: string | Uint8Array | StoredBytes,
  tier?: string,
  expected?: string,
): SealedEntry | undefined {
  const stored = storedOf(data);
  const { bytes } = stored;
  const kind = kindOf(bytes);
  if (kind === undefined) return refuseUnlessVersioned(stored);
  // Header and payload in one go: a call of the decoder costs more than the characters of a header.
  const text = stored.text ?? decodeText(kind === TEXT ? bytes : firstLine(bytes));
  const reader = new InstantReader(bytes, text, HEADER_START);
  const createdAt = reader.deadline();
  const freshUntil = reader.deadline();
  const keepUntil = reader.deadline();
  if (!(Number.isFinite(createdAt) && freshUntil <= keepUntil)) throw unreadable("its deadlines make no sense");
  const generations = reader.passes(expected) ? expected : generationsIn(reader);
  const { at } = reader;
  const hasMeta = text.charCodeAt(at) !== DASH || text.charCodeAt(at + 1) !== NEWLINE;
  const end = hasMeta ? text.indexOf("\n", at) : at + 1;
  if (end < 0) throw unreadable("it has no header line");
  const isText = kind === TEXT || typeof data === "string";
  const value = isText ? text.slice(end + 1) : afterFirstLine(bytes);
  // In one go where it has both: to add a property later costs as much as the rest of the header.
  const entry: Draft<string | Uint8Array> =
    tier !== undefined && generations !== undefined
      ? { value, createdAt, freshUntil, keepUntil, tier, generations }
      : { value, createdAt, freshUntil, keepUntil };
  if (tier !== undefined) entry.tier = tier;
  if (generations !== undefined) entry.generations = generations;
  if (hasMeta) addMeta(entry, text.slice(at, end));
  return entry;
}

/**
 * The entry with its value, which is put in place: `sealed` is the same object.
 * @throws CacheError `UNREADABLE` where the serializer cannot read the value; `cause` holds its error.
 */
export function unseal(sealed: SealedEntry, serializer: Serializer, key?: string): CacheEntry {
  const entry: Draft = sealed;
  entry.value = decodeValue(sealed.value, serializer, key);
  return entry;
}

function generationsIn(reader: InstantReader): string | undefined {
  const generations = reader.word();
  if (!GENERATIONS.test(generations)) throw unreadable("the generations in its header are damaged");
  return generations === NOTHING ? undefined : generations;
}

/** Of text, the bytes of its beginning are enough. */
function storedOf(data: string | Uint8Array | StoredBytes): StoredBytes {
  if (typeof data === "string") return { bytes: encoder.encode(data.slice(0, LONGEST_BEGINNING)), text: data };
  return isBytes(data) ? { bytes: data, text: undefined } : data;
}

/** Whether the payload is text or bytes; `undefined` where this version of the format did not write it. */
function kindOf(bytes: Uint8Array): number | undefined {
  for (let at = 0; at < MAGIC.length; at += 1) if (bytes[at] !== magicBytes[at]) return undefined;
  const kind = bytes[MAGIC.length];
  if ((kind === TEXT || kind === BYTES) && bytes[MAGIC.length + 1] === SPACE) return kind;
  throw unreadable("its header does not say text or bytes");
}

function refuseUnlessVersioned({ bytes, text }: StoredBytes): undefined {
  const line = text ?? decodeText(firstLine(bytes.subarray(0, LONGEST_FOREIGN_LINE)));
  if (!ANY_VERSION.test(line)) throw unreadable("its first line is not a header of ours");
}

function firstLine(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.indexOf(NEWLINE) + 1);
}

function afterFirstLine(bytes: Uint8Array): Uint8Array {
  return bytes.slice(bytes.indexOf(NEWLINE) + 1);
}

/** Whole milliseconds, as the backends' own deadlines are. No date is beyond the largest safe integer. */
function writeDeadline(at: number): string {
  return at > Number.MAX_SAFE_INTEGER ? "never" : String(Math.round(at));
}

function writeMeta({ tags, etag, lastModified }: CacheEntry): string {
  if (tags === undefined && etag === undefined && lastModified === undefined) return NOTHING;
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
  if (typeof meta !== "object" || meta === null || Array.isArray(meta)) return false;
  const { tags, etag, lastModified } = meta as Record<string, unknown>;
  const areTags = tags === undefined || (Array.isArray(tags) && tags.every((tag) => typeof tag === "string"));
  return areTags && isTextOrAbsent(etag) && isTextOrAbsent(lastModified);
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === "string";
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
