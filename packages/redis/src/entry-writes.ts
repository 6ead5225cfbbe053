import {
  type CacheEntry,
  type ExpireTerms,
  expiredUntil,
  type ManyCapability,
  scopesOf,
  type WriteOptions,
} from "@granary/core";
import type { EntryCodec } from "./entry-codec.js";
import type { RemoveEntries } from "./entry-deletes.js";
import type { Generations, Life } from "./generations.js";
import { type LeaseKey, withLease } from "./lease-key.js";
import type { CommandWord, RecordsAtHand, SetStep, Write } from "./script.js";
import { RECORD_LIFE_MS } from "./script-invalidation.js";
import type { Abandonable, WriteBatch } from "./write-batch.js";

/** What writing entries needs: where bytes go, how they are made, and when it is. */
export interface EntryWritesParts {
  readonly batch: WriteBatch;
  readonly codec: EntryCodec;
  readonly generations: Generations;
  readonly remove: RemoveEntries;
  readonly now: () => number;
  readonly leaseKey: LeaseKey;
  /** Whether the records of namespaces are on other servers than the keys. */
  readonly isCluster: boolean;
}

interface Terms {
  readonly life: Life;
  /** The generations that it is given; `undefined` for those of the moment at which it is written. */
  readonly carried: string | undefined;
}

interface Later {
  readonly life: Life;
  readonly options: WriteOptions;
}

const NO_RECORDS: RecordsAtHand = { keys: [], texts: [] };

/** The writing half of a store. Every change of a key ends its lease. */
export class EntryWrites {
  readonly #parts: EntryWritesParts;

  constructor(parts: EntryWritesParts) {
    this.#parts = parts;
  }

  async set(key: string, entry: CacheEntry, options: WriteOptions = {}): Promise<void> {
    const { batch, remove, isCluster } = this.#parts;
    const life = this.#lifeOf(entry);
    if (isOver(life)) return void (await remove([key]));
    const { generations: carried } = options;
    if (isCluster && carried === undefined) return this.#setBehindRecords(key, entry, { life, options });
    const encoded = (): SetStep => this.#setStep(key, entry, { life, carried });
    // It may have to wait for room, and what its caller may change meanwhile is written as it is now.
    const step = typeof entry.value === "object" ? encoded() : undefined;
    const askedAt = this.#parts.now();
    const answer = await batch.sendInTurn(() => step ?? encoded(), this.#given(key, options));
    this.#learn(key, answer, { life, askedAt });
  }

  /** All are encoded before the first is sent: a value that cannot be written leaves nothing half done. */
  async setMany(entries: Parameters<ManyCapability["set"]>[0], options: WriteOptions = {}): Promise<void> {
    const { batch, codec, remove, isCluster } = this.#parts;
    if (isCluster) {
      for (const [key, entry] of entries) codec.encode(key, entry);
      await Promise.all(entries.map(([key, entry]) => this.set(key, entry, options)));
      return;
    }
    const askedAt = this.#parts.now();
    const steps = entries.map(([key, entry]) => {
      const life = this.#lifeOf(entry);
      const step = isOver(life) ? undefined : this.#setStep(key, entry, { life, carried: options.generations });
      return { key, life, step };
    });
    const write = async ({ key, life, step }: (typeof steps)[number]): Promise<void> => {
      if (step === undefined) await remove([key]);
      else this.#learn(key, await batch.send(step, this.#given(key, options)), { life, askedAt });
    };
    await Promise.all(steps.map(write));
  }

  /** Whether it was fresh. */
  async expire(key: string, terms: ExpireTerms): Promise<boolean> {
    const { batch, codec, generations, leaseKey } = this.#parts;
    const { freshUntil, keepUntil } = expiredUntil(terms);
    const args: CommandWord[] = [terms.now, freshUntil, keepUntil === Number.POSITIVE_INFINITY ? "never" : keepUntil];
    const [header, levels] = await Promise.all([
      batch.send({ step: "expire", keys: withLease(key, leaseKey), args }),
      generations.read(key).asked,
    ]);
    if (header === null) return false;
    // What was invalidated was not there to be made stale.
    const sealed = codec.readHeader(key, { bytes: header as Uint8Array, text: undefined });
    return sealed !== undefined && generations.permits(sealed, levels);
  }

  /** Writes, or deletes where there is nothing, under the lease that `token` stands for; whether it still did. */
  async fill(key: string, entry: CacheEntry | undefined, token: string): Promise<boolean> {
    const { batch, codec, generations, leaseKey, isCluster } = this.#parts;
    const life = entry === undefined ? 0 : this.#lifeOf(entry);
    // What is over already has replaced what was there, and leaves nothing either.
    const isGone = entry === undefined || isOver(life);
    const words = isGone ? ["", ""] : [codec.encode(key, entry), life];
    // On a cluster the step cannot see to it that the records outlive what it writes.
    if (isCluster && isLong(life)) generations.make(key, life).catch(() => {});
    const [scopes, askedAt] = [scopesOf(key), this.#parts.now()];
    const records = generations.atHand(scopes, life);
    const areKept = isCluster || isGone || records.levels !== undefined;
    const names = withLease(key, leaseKey);
    const keys = areKept ? names : [...names, ...records.keys];
    const answer = await batch.send({ step: "fill", keys, args: [names.length - 1, token, ...words, key] });
    const isFilled = Number(answer) === 1;
    if (isFilled && !areKept) generations.extended(scopes, { life, askedAt });
    return isFilled;
  }

  #lifeOf({ keepUntil }: CacheEntry): Life {
    return lifeOf(keepUntil - this.#parts.now());
  }

  /** The step that writes `entry`, whose generations are those that stand when it is done, unless it is given others. */
  #setStep(key: string, entry: CacheEntry, { life, carried }: Terms): SetStep {
    const { codec, generations, isCluster } = this.#parts;
    const scopes = scopesOf(key);
    const records = generations.atHand(scopes, life);
    // On a cluster they are elsewhere, and where it has its own, they only have to last.
    if (isCluster || scopes.length === 0 || (carried !== undefined && records.levels !== undefined))
      return this.#step(key, NO_RECORDS, { text: codec.encode(key, { ...entry, generations: carried }), life });
    const expected = carried ?? records.levels?.current ?? "-";
    const { from, with: text } = codec.encodeOpen(key, entry);
    const open = carried === undefined ? ([from, from + expected.length] as const) : undefined;
    return this.#step(key, records, { text: text(expected), life, open });
  }

  #step(
    key: string,
    records: RecordsAtHand,
    { text, life, open }: Pick<Write, "text" | "life"> & Partial<Write>,
  ): SetStep {
    return { step: "set", records, writes: [{ value: key, lease: this.#parts.leaseKey(key), text, life, open }] };
  }

  /** What the records of `key` are, where Redis found that they were not as expected. */
  #learn(key: string, answer: unknown, kept: { readonly life: Life; readonly askedAt: number }): void {
    const scopes = scopesOf(key);
    if (Array.isArray(answer) && answer.length === scopes.length)
      this.#parts.generations.kept(scopes, answer.map(String), kept);
  }

  /** On a cluster the records are read first: one that is raised meanwhile hides the value, as if it came later. */
  async #setBehindRecords(key: string, entry: CacheEntry, { life, options }: Later): Promise<void> {
    const { batch, codec, generations } = this.#parts;
    // As it is now: its caller may change it meanwhile.
    const { with: text } = codec.encodeOpen(key, entry);
    const { current = "" } = await generations.make(key, life);
    const step = this.#step(key, NO_RECORDS, { text: text(current === "" ? "-" : current), life });
    await batch.sendInTurn(() => step, this.#given(key, options));
  }

  #given(key: string, { attempt }: WriteOptions): Abandonable {
    const { remove } = this.#parts;
    return { attempt, undo: () => void remove([key]).catch(() => {}) };
  }
}

/** Redis drops a key at a whole millisecond, so not before the entry is gone. */
function lifeOf(lifeMs: number): Life {
  const ms = Math.ceil(lifeMs);
  return ms > Number.MAX_SAFE_INTEGER ? "" : ms;
}

/** Whether the records that an entry carries could be gone before it, unless they are told. */
function isLong(life: Life): boolean {
  return life === "" || life > RECORD_LIFE_MS / 2;
}

/** Whether there is nothing to keep. */
function isOver(life: Life): boolean {
  return life !== "" && life <= 0;
}
