import {
  type Admit,
  type Awaitable,
  type CacheEntry,
  isPromiseLike,
  type ManyCapability,
  type SealedEntry,
} from "@granary/core";
import type { EntryCodec } from "./entry-codec.js";
import type { Generations, Levels } from "./generations.js";
import type { ReadBatch } from "./read-batch.js";
import type { Reply } from "./reply.js";

/** What reading entries needs: where bytes come from, what they mean, what is valid, and when it is. */
export interface EntryReadsParts {
  readonly batch: ReadBatch;
  readonly codec: EntryCodec;
  readonly generations: Generations;
  readonly now: () => number;
  /** Until the clock is in step with the server's; `undefined` where it is. */
  readonly ready: () => Promise<void> | undefined;
}

/** The reading half of a store. It gives out nothing that was invalidated. */
export interface EntryReads {
  get(key: string, now?: number, admit?: Admit): Promise<CacheEntry | undefined>;
  readonly getMany: ManyCapability["get"];
  /** The entry that `bytes` hold, judged by records that are at least as new. */
  open(
    key: string,
    bytes: Uint8Array | null,
    judged: { readonly levels: Levels; readonly admit: Admit | undefined },
  ): Found;
}

type Found = Awaitable<CacheEntry | undefined>;

/** By what a read is judged. */
interface Judge {
  readonly levels: Levels;
  /** The instant that `keepUntil` is held against. */
  readonly now: number;
  readonly admit: Admit | undefined;
}

export function entryReads(parts: EntryReadsParts): EntryReads {
  const { batch, codec, generations, now: clockNow, ready } = parts;
  const { open, openAll } = opener(parts);

  const get: EntryReads["get"] = (key, now, admit) => {
    // The records come first, and so are here when the entry is.
    const levels = generations.read(key);
    const waiting = ready();
    const replied = batch.read(key);
    const opened = (reply: Reply): Found => {
      if (reply === null) return undefined;
      const at = waiting === undefined && now !== undefined ? now : clockNow();
      if (levels.answer !== undefined) return open(key, reply, { levels: levels.answer, now: at, admit });
      return levels.asked.then((known) => open(key, reply, { levels: known, now: at, admit }));
    };
    const inStep = waiting === undefined ? replied : Promise.all([replied, waiting]).then(([reply]) => reply);
    return inStep.then(opened).catch((error: unknown) => codec.refuse(key, error));
  };

  const getMany: EntryReads["getMany"] = async (keys, now, admit) => {
    const levels = generations.isShared(keys) ? generations.read(keys[0] ?? "") : undefined;
    const replied = levels && batch.readTogether(keys);
    if (levels === undefined || replied === undefined) return Promise.all(keys.map((key) => get(key, now, admit)));
    const waiting = ready();
    try {
      const replies = await replied;
      if (waiting !== undefined) await waiting;
      const at = waiting === undefined && now !== undefined ? now : clockNow();
      return await openAll(keys, replies, { levels: levels.answer ?? (await levels.asked), now: at, admit });
    } catch (error) {
      return keys.map((key) => codec.refuse(key, error));
    }
  };

  const openBytes: EntryReads["open"] = (key, bytes, { levels, admit }) =>
    open(key, bytes === null ? null : { bytes, text: undefined }, { levels, now: clockNow(), admit });
  return { get, getMany, open: openBytes };
}

/** Turns replies into entries. */
interface Opener {
  open(key: string, reply: Reply, judge: Judge): Found;
  openAll(keys: readonly string[], replies: readonly Reply[], judge: Judge): ReturnType<ManyCapability["get"]>;
}

function opener({ codec, generations }: EntryReadsParts): Opener {
  const headerOf = (key: string, reply: Reply, { now, levels }: Judge): SealedEntry | undefined => {
    const sealed = reply === null ? undefined : codec.readHeader(key, reply, levels.current);
    return sealed === undefined || sealed.keepUntil <= now ? undefined : sealed;
  };
  const unseal = (key: string, sealed: SealedEntry, admit: Admit | undefined): Found => {
    const entry = codec.unseal(key, sealed);
    return entry === undefined || admit === undefined ? entry : admit(key, entry);
  };
  const judged = (key: string, sealed: SealedEntry | undefined, { levels, admit }: Judge): Found => {
    if (sealed === undefined) return undefined;
    const isPermitted = generations.permits(sealed, levels);
    if (isPromiseLike(isPermitted)) return isPermitted.then((is) => (is ? unseal(key, sealed, admit) : undefined));
    return isPermitted ? unseal(key, sealed, admit) : undefined;
  };
  return {
    open: (key, reply, judge) => judged(key, headerOf(key, reply, judge), judge),
    openAll(keys, replies, judge) {
      // All headers before the first value: as `readHeader` of the core says, that is faster. One list holds both.
      const found: Found[] = keys.map((key, at) => headerOf(key, replies[at] ?? null, judge));
      for (let at = 0; at < keys.length; at += 1)
        found[at] = judged(keys[at] as string, found[at] as SealedEntry | undefined, judge);
      // Without a turn of promises for each entry, where none has to be waited for. That an entry has deadlines is seen
      // faster than that it is no promise.
      const isHere = found.every((each) => each === undefined || (each as CacheEntry).freshUntil !== undefined);
      return isHere ? (found as ReadonlyArray<CacheEntry | undefined>) : Promise.all(found);
    },
  };
}
