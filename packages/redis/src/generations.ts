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
import type { RecordsAtHand } from "./script.js";
import { RECORD_LIFE_MS } from "./script-invalidation.js";
import { TagSequences } from "./tag-sequences.js";
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
  readonly now: () => number;
  report(key: string, error: unknown): void;
}

/** What the records of namespaces said last. */
interface Known extends RecordsAtHand {
  readonly levels: Levels;
  /** Up to this instant Redis keeps them, as far as is known here. */
  readonly keptUntil: number;
}

/** Namespaces whose records are remembered, before all are forgotten. */
const MOST_KNOWN = 1_000;
const NO_LEVELS: AskedLevels = answered({ scopes: [], records: [], current: "" });

/** The generations of namespaces in Redis. */
export class Generations {
  readonly #parts: GenerationsParts;
  readonly #tags: TagSequences;
  /** Those that were asked for last: all reads of one turn share them. */
  #last: { readonly scopes: readonly string[]; readonly turn: number; readonly levels: AskedLevels } | undefined;
  readonly #known = new Map<readonly string[], Known>();

  constructor(parts: GenerationsParts) {
    this.#parts = parts;
    this.#tags = new TagSequences(parts.writes);
  }

  /** The records of the namespaces of `key`, in the round trip of what is read in the same turn, where the slots allow it. */
  read(key: string): AskedLevels {
    const { reads } = this.#parts;
    const scopes = scopesOf(key);
    const last = this.#last;
    if (last?.scopes === scopes && last.turn === reads.turn) return last.levels;
    if (scopes.length === 0) return NO_LEVELS;
    const levels = this.#asked(
      scopes,
      this.#keysOf(scopes).map((name) => reads.read(name)),
    );
    this.#last = { scopes, turn: reads.turn, levels };
    return levels;
  }

  /** Whether all of `keys` live in the same namespaces. */
  isShared(keys: readonly string[]): boolean {
    const scopes = scopesOf(keys[0] ?? "");
    return keys.every((key) => scopesOf(key) === scopes);
  }

  /** What `texts` of records say, as they were read, "" for one that is missing. */
  levelsIn(scopes: readonly string[], texts: readonly string[]): Levels {
    return this.#learn(scopes, texts, Number.NEGATIVE_INFINITY).levels;
  }

  /**
   * The records of `scopes` as they were when they were heard of last, where Redis keeps them for at least as long as an
   * entry of that life: whoever writes one has neither to make them nor to see to it that they last. Else no more than
   * what they are called.
   */
  atHand(scopes: readonly string[], life: Life): RecordsAtHand & { readonly levels?: Levels } {
    const known = this.#known.get(scopes);
    const until = this.#parts.now() + (life === "" ? Number.POSITIVE_INFINITY : life);
    const isEnough = known?.levels.current !== undefined && known.keptUntil >= until;
    return isEnough ? known : { keys: this.#keysOf(scopes), texts: [] };
  }

  /** Redis was asked at `askedAt` to keep the records for as long as an entry of that life, and said what they are. */
  kept(scopes: readonly string[], texts: readonly string[], { life, askedAt }: Kept): Levels {
    const keptUntil = life === "" ? Number.POSITIVE_INFINITY : askedAt + Math.max(life, RECORD_LIFE_MS / 2);
    return this.#learn(scopes, texts, keptUntil).levels;
  }

  /** As `kept`, of records that were not looked at. */
  extended(scopes: readonly string[], kept: Kept): void {
    const known = this.#known.get(scopes);
    if (known !== undefined) this.kept(scopes, known.texts, kept);
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
    const askedAt = this.#parts.now();
    const texts = await this.#parts.writes.send({
      step: "records",
      keys: this.#keysOf(scopes),
      args: [life, ...scopes.map(newEpoch)],
    });
    return this.kept(scopes, (texts as readonly unknown[]).map(String), { life, askedAt });
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
    // Whoever finds no entry does not look at them.
    asked.catch(() => {});
    const levels: AskedLevels = { asked, answer: undefined };
    return levels;
  }

  /** Remembers what records say. Those that say what they said are read once, and kept for as long as was ever known. */
  #learn(scopes: readonly string[], texts: readonly string[], keptUntil: number): Known {
    const known = this.#known.get(scopes);
    const isSame = known?.texts.every((text, at) => text === texts[at]) === true;
    if (isSame && known.keptUntil >= keptUntil) return known;
    const learnt: Known = isSame
      ? { ...known, keptUntil }
      : { keys: this.#keysOf(scopes), texts, levels: this.#read(scopes, texts), keptUntil };
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.set(scopes, learnt);
    return learnt;
  }

  #read(scopes: readonly string[], texts: readonly string[]): Levels {
    const records = texts.map((text, at) => (text === "" ? undefined : this.#recordIn(scopes[at] as string, text)));
    const isWhole = records.every((record) => record !== undefined);
    return { scopes, records, current: isWhole ? generationsOf(records as readonly GenerationRecord[]) : undefined };
  }

  /** What the records of `scopes` are called. */
  #keysOf(scopes: readonly string[]): readonly string[] {
    return this.#known.get(scopes)?.keys ?? scopes.map(recordKey);
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

interface Kept {
  readonly life: Life;
  readonly askedAt: number;
}

function answered(answer: Levels): AskedLevels {
  return { asked: Promise.resolve(answer), answer };
}

function textOf(reply: Reply): string {
  if (reply === null) return "";
  const { bytes } = reply;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}
