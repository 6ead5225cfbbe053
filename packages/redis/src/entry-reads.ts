import {
  type Admit,
  type Awaitable,
  type CacheEntry,
  isPromiseLike,
  type ManyCapability,
  type SealedEntry,
} from "@granary/core";
import type { EntryCodec } from "./entry-codec.js";
import type { ReadBatch } from "./read-batch.js";
import type { Reply } from "./reply.js";

/** What reading entries needs: where bytes come from, what they mean, and when it is. */
export interface EntryReadsParts {
  readonly batch: ReadBatch;
  readonly codec: EntryCodec;
  readonly now: () => number;
  /** Until the clock is in step with the server's; `undefined` where it is. */
  readonly ready: () => Promise<void> | undefined;
}

/** The reading half of a store. */
export interface EntryReads {
  get(key: string, now?: number, admit?: Admit): Promise<CacheEntry | undefined>;
  readonly getMany: ManyCapability["get"];
  /** The entry that `bytes` hold, judged. */
  open(key: string, bytes: Uint8Array | null, admit?: Admit): Awaitable<CacheEntry | undefined>;
}

type Found = Awaitable<CacheEntry | undefined>;
type Entries = ReadonlyArray<CacheEntry | undefined>;

/** A read that is under way. */
interface Read<T> {
  readonly replied: Promise<T>;
  /** The instant at which the caller asked, by its clock. */
  readonly now: number | undefined;
}

/** By what a read is judged. */
interface Judge {
  /** The instant that `keepUntil` is held against. */
  readonly now: number;
  readonly admit: Admit | undefined;
}

export function entryReads({ batch, codec, now: clockNow, ready }: EntryReadsParts): EntryReads {
  const { open, openAll } = opener(codec);
  /** Judges what a read replies by the instant of its caller, unless the caller's clock was not in step yet. */
  const inStep = <T, R>(
    { replied, now }: Read<T>,
    judge: (reply: T, now: number) => Awaitable<R>,
    refuse: (error: unknown) => R,
  ): Promise<R> => {
    const waiting = ready();
    if (waiting === undefined) return replied.then((reply) => judge(reply, now ?? clockNow()), refuse);
    return Promise.all([replied, waiting]).then(([reply]) => judge(reply, clockNow()), refuse);
  };
  const get: EntryReads["get"] = (key, now, admit) =>
    inStep(
      { replied: batch.read(key), now },
      (reply, at) => open(key, reply, { now: at, admit }),
      (error) => codec.refuse(key, error),
    );
  const getMany: EntryReads["getMany"] = (keys, now, admit) => {
    const replied = batch.readTogether(keys);
    if (replied === undefined) return Promise.all(keys.map((key) => get(key, now, admit)));
    return inStep(
      { replied, now },
      (replies, at) => openAll(keys, replies, { now: at, admit }),
      (error) => keys.map((key) => codec.refuse(key, error)),
    );
  };
  const openBytes: EntryReads["open"] = (key, bytes, admit) =>
    open(key, bytes === null ? null : { bytes, text: undefined }, { now: clockNow(), admit });
  return { get, open: openBytes, getMany };
}

/** Turns replies into entries. */
interface Opener {
  open(key: string, reply: Reply, judge: Judge): Found;
  openAll(keys: readonly string[], replies: readonly Reply[], judge: Judge): Awaitable<Entries>;
}

function opener(codec: EntryCodec): Opener {
  const readHeader = (key: string, reply: Reply, now: number): SealedEntry | undefined => {
    const sealed = reply === null ? undefined : codec.readHeader(key, reply);
    return sealed === undefined || sealed.keepUntil <= now ? undefined : sealed;
  };
  const unseal = (key: string, sealed: SealedEntry | undefined, admit: Admit | undefined): Found => {
    const entry = sealed === undefined ? undefined : codec.unseal(key, sealed);
    return entry === undefined || admit === undefined ? entry : admit(key, entry);
  };
  return {
    open: (key, reply, { now, admit }) => unseal(key, readHeader(key, reply, now), admit),
    openAll(keys, replies, { now, admit }) {
      // All headers before the first value: as `readHeader` of the core says, that is faster. One list holds both.
      const found: Found[] = keys.map((key, at) => readHeader(key, replies[at] ?? null, now));
      for (let at = 0; at < keys.length; at += 1)
        found[at] = unseal(keys[at] as string, found[at] as SealedEntry | undefined, admit);
      // Without a turn of promises for each entry, where none has to be waited for.
      return admit !== undefined && found.some(isPromiseLike) ? Promise.all(found) : (found as Entries);
    },
  };
}
