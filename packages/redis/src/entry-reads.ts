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

/** By what a read is judged. */
interface Judge {
  /** The instant that `keepUntil` is held against. */
  readonly now: number;
  readonly admit: Admit | undefined;
}

export function entryReads({ batch, codec, now: clockNow, ready }: EntryReadsParts): EntryReads {
  /** What a read replies, and the instant to judge it by: that of the caller, unless its clock was not in step yet. */
  const inStep = <T>(replied: Promise<T>, now: number | undefined): Promise<readonly [reply: T, now: number]> => {
    const waiting = ready();
    if (waiting === undefined) return replied.then((reply) => [reply, now ?? clockNow()] as const);
    return Promise.all([replied, waiting]).then(([reply]) => [reply, clockNow()] as const);
  };
  const aliveAt = (now: number, key: string, reply: Reply): SealedEntry | undefined => {
    const sealed = reply === null ? undefined : codec.readHeader(key, reply);
    return sealed === undefined || sealed.keepUntil <= now ? undefined : sealed;
  };
  const unseal = (key: string, sealed: SealedEntry | undefined, admit: Admit | undefined): Found => {
    const entry = sealed === undefined ? undefined : codec.unseal(key, sealed);
    return entry === undefined || admit === undefined ? entry : admit(key, entry);
  };
  const open = (key: string, reply: Reply, { now, admit }: Judge): Found =>
    unseal(key, aliveAt(now, key, reply), admit);
  const get: EntryReads["get"] = (key, now, admit) =>
    inStep(batch.read(key), now).then(
      ([reply, at]) => open(key, reply, { now: at, admit }),
      (error: unknown) => codec.refuse(key, error),
    );
  const openAdmitted: EntryReads["open"] = (key, bytes, admit) =>
    open(key, bytes === null ? null : { bytes, text: undefined }, { now: clockNow(), admit });
  const getMany: EntryReads["getMany"] = (keys, now, admit) => {
    const replied = batch.readTogether(keys);
    if (replied === undefined) return Promise.all(keys.map((key) => get(key, now, admit)));
    return inStep(replied, now).then(
      ([replies, at]) => {
        const sealed = keys.map((key, index) => aliveAt(at, key, replies[index] ?? null));
        const found = keys.map((key, index) => unseal(key, sealed[index], admit));
        return admit === undefined ? (found as readonly (CacheEntry | undefined)[]) : allOf(found);
      },
      (error: unknown) => keys.map((key) => codec.refuse(key, error)),
    );
  };
  return { get, open: openAdmitted, getMany };
}

/** Without a turn of promises for each entry, where none has to be waited for. */
function allOf(found: readonly Found[]): Awaitable<readonly (CacheEntry | undefined)[]> {
  return found.some(isPromiseLike) ? Promise.all(found) : (found as readonly (CacheEntry | undefined)[]);
}
