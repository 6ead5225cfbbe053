import {
  type Awaitable,
  type CacheEntry,
  type Generation,
  type GenerationRecord,
  generationsOf,
  type Invalidation,
  newEpoch,
  readGenerations,
  scopesOf,
  validityOf,
} from "@granary/core";
import { recordKey, tagsKey } from "./generation-keys.js";
import { recordIn } from "./generation-record.js";
import type { ReadBatch } from "./read-batch.js";
import type { Reply } from "./reply.js";
import type { WriteBatch } from "./write-batch.js";

/** What the records of a key's namespaces say, the outermost first. */
export interface Levels {
  readonly scopes: readonly string[];
  readonly records: ReadonlyArray<GenerationRecord | undefined>;
  /** What an entry carries that nothing has invalidated since; `undefined` where a record is missing. */
  readonly current: string | undefined;
}

/** Records that were asked for. */
export interface AskedLevels {
  readonly asked: Promise<Levels>;
  /** What they say, once it is here. */
  answer: Levels | undefined;
}

/** How long Redis is to keep an entry: milliseconds, or "" for ever. */
export type Life = number | "";

/** What carries generations. */
type Carrier = Pick<CacheEntry, "generations" | "tags">;

export interface GenerationsParts {
  readonly reads: ReadBatch;
  readonly writes: WriteBatch;
  report(key: string, error: unknown): void;
}

/** Tags that are remembered, over all namespaces, before all are forgotten and read anew. */
const MOST_TAGS = 10_000;
const NO_LEVELS: AskedLevels = answered({ scopes: [], records: [], current: "" });

/** The generations of namespaces in Redis. */
export class Generations {
  readonly #parts: GenerationsParts;
  readonly #tags: TagSequences;
  /** Those that were asked for last: all reads of one turn share them. */
  #last:
    | { readonly scopes: readonly string[]; readonly replies: readonly Promise<Reply>[]; readonly levels: AskedLevels }
    | undefined;

  constructor(parts: GenerationsParts) {
    this.#parts = parts;
    this.#tags = new TagSequences(parts.writes);
  }

  /** The records of the namespaces of `key`, in the round trip of what is read in the same turn, where the slots allow it. */
  read(key: string): AskedLevels {
    const scopes = scopesOf(key);
    if (scopes.length === 0) return NO_LEVELS;
    const replies = scopes.map((scope) => this.#parts.reads.read(recordKey(scope)));
    const last = this.#last;
    if (last?.scopes === scopes && replies.every((reply, at) => reply === last.replies[at])) return last.levels;
    const levels = this.#asked(scopes, replies);
    this.#last = { scopes, replies, levels };
    return levels;
  }

  /** Whether all of `keys` live in the same namespaces. */
  isShared(keys: readonly string[]): boolean {
    const scopes = scopesOf(keys[0] ?? "");
    return keys.every((key) => scopesOf(key) === scopes);
  }

  /** What `texts` of records say, as a step has returned them. */
  levelsIn(scopes: readonly string[], texts: readonly (string | undefined)[]): Levels {
    const records = texts.map((text, at) =>
      text === undefined ? undefined : this.#recordIn(scopes[at] as string, text),
    );
    const isWhole = records.every((record) => record !== undefined);
    return { scopes, records, current: isWhole ? generationsOf(records as readonly GenerationRecord[]) : undefined };
  }

  /**
   * Those that a load of `key` carries which begins now: as they were last read, for they stood before it. A look comes
   * before each load, so they are mostly here.
   */
  carried(key: string): Awaitable<string> {
    const last = this.#last;
    const known = last?.scopes === scopesOf(key) ? last.levels.answer?.current : undefined;
    return known ?? this.make(key).then(({ current = "" }) => current);
  }

  /** Those that stand now for `key`, made where there are none, and kept for as long as an entry of that life. */
  async make(key: string, life: Life = 0): Promise<Levels> {
    const scopes = scopesOf(key);
    if (scopes.length === 0) return NO_LEVELS.answer as Levels;
    const texts = await this.#parts.writes.send({
      step: "records",
      keys: scopes.map(recordKey),
      args: [life, ...scopes.map(newEpoch)],
    });
    return this.levelsIn(scopes, (texts as readonly unknown[]).map(String));
  }

  /** Whether nothing has invalidated what carries the generations. Fails as Redis does. */
  permits(entry: Carrier, levels: Levels): boolean | Promise<boolean> {
    if (entry.generations === levels.current) return true;
    const validity = validityOf(entry.generations, levels.records, entry.tags !== undefined && entry.tags.length > 0);
    return validity === "ask" ? this.#permitsTags(entry, levels) : validity === "valid";
  }

  async invalidate({ scope, tags = [] }: Invalidation): Promise<Generation> {
    const keys = [recordKey(scope), tagsKey(scope)];
    const answer = await this.#parts.writes.send({ step: "invalidate", keys, args: [newEpoch(), ...tags] });
    const [epoch, sequence] = (answer as readonly unknown[]).map(String);
    return { epoch: epoch as string, sequence: Number(sequence) };
  }

  async #permitsTags({ generations, tags = [] }: Carrier, { scopes, records }: Levels): Promise<boolean> {
    const carried = readGenerations(generations ?? "");
    const permitted = records.map((record, at) => {
      const sequence = carried[at]?.sequence ?? 0;
      if (record === undefined || sequence >= record.tagged) return true;
      return this.#tags.permit({ scope: scopes[at] as string, record, tags, sequence });
    });
    return (await Promise.all(permitted)).every(Boolean);
  }

  #asked(scopes: readonly string[], replies: readonly Promise<Reply>[]): AskedLevels {
    const [first, ...others] = replies as [Promise<Reply>];
    const said = (all: readonly Reply[]): Levels => {
      levels.answer = this.levelsIn(scopes, all.map(textOf));
      return levels.answer;
    };
    // Of the one namespace that most keys live in, without the detour of a promise for all.
    const asked = others.length === 0 ? first.then((reply) => said([reply])) : Promise.all(replies).then(said);
    const levels: AskedLevels = { asked, answer: undefined };
    return levels;
  }

  /** What cannot be read counts as lost: whoever loads or writes next makes it anew. */
  #recordIn(scope: string, text: string): GenerationRecord | undefined {
    try {
      return recordIn(text);
    } catch (error) {
      this.#parts.report(recordKey(scope), error);
      return undefined;
    }
  }
}

interface TagQuestion {
  readonly scope: string;
  readonly record: GenerationRecord;
  readonly tags: readonly string[];
  /** That of the entry which carries them. */
  readonly sequence: number;
}

interface KnownTags {
  readonly epoch: string;
  /** The last invalidation of any tag there when they were read: they hold until there is another, perhaps of a lesser sequence. */
  readonly tagged: number;
  /** Up to here tags may be missing; `Infinity` where nothing vouches for any. */
  since: number;
  readonly sequences: Map<string, number>;
}

/** The sequences of tags that were read from Redis, which is asked again only when a tag was invalidated since. */
class TagSequences {
  readonly #writes: WriteBatch;
  readonly #known = new Map<string, KnownTags>();
  #size = 0;

  constructor(writes: WriteBatch) {
    this.#writes = writes;
  }

  /** Whether none of the tags was invalidated after `sequence`. */
  async permit({ scope, record, tags, sequence }: TagQuestion): Promise<boolean> {
    const known = this.#of(scope, record);
    const missing = tags.filter((tag) => !known.sequences.has(tag));
    if (missing.length > 0) await this.#read(scope, known, missing);
    return sequence >= known.since && tags.every((tag) => sequence >= (known.sequences.get(tag) ?? 0));
  }

  #of(scope: string, { epoch, tagged }: GenerationRecord): KnownTags {
    const known = this.#known.get(scope);
    if (known !== undefined && known.epoch === epoch && known.tagged === tagged) return known;
    const read: KnownTags = { epoch, tagged, since: 0, sequences: new Map() };
    this.#size -= known?.sequences.size ?? 0;
    this.#known.set(scope, read);
    return read;
  }

  async #read(scope: string, known: KnownTags, tags: readonly string[]): Promise<void> {
    const answer = await this.#writes.send({ step: "tags", keys: [tagsKey(scope)], args: [known.epoch, ...tags] });
    const [since = Number.POSITIVE_INFINITY, ...sequences] = (answer as readonly unknown[]).map((each) =>
      Number(String(each)),
    );
    if (this.#size >= MOST_TAGS) this.#forgetAll();
    known.since = Math.max(known.since, since);
    tags.forEach((tag, at) => known.sequences.set(tag, sequences[at] ?? 0));
    this.#size += tags.length;
  }

  #forgetAll(): void {
    this.#known.clear();
    this.#size = 0;
  }
}

function answered(answer: Levels): AskedLevels {
  return { asked: Promise.resolve(answer), answer };
}

function textOf(reply: Reply): string | undefined {
  if (reply === null) return undefined;
  const { bytes } = reply;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}
