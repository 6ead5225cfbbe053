import {
  type Admit,
  type Awaitable,
  type BusMessage,
  type CacheBus,
  type CacheEntry,
  type CacheStore,
  type Clock,
  isCacheError,
  isPromiseLike,
  type ManyCapability,
  type StoreEvent,
  systemClock,
  type WriteReason,
} from "@granary/core";
import { type FarRead, readOneFar } from "./far-tier.js";
import { type Fill, Fills } from "./fills.js";
import { Listeners } from "./listeners.js";
import { asStale } from "./near-entry.js";
import { NearTier } from "./near-tier.js";
import { TieredMany } from "./tiered-many.js";
import { walkBoth } from "./walk-both.js";

export interface Tiers {
  readonly l1: CacheStore;
  readonly l2: CacheStore;
  readonly bus: CacheBus | undefined;
  readonly l1TtlMs: number;
}

/** A read that may have to go far. */
interface Read extends FarRead {
  /** What the near tier holds. */
  readonly near: CacheEntry | undefined;
}

/** Two stores as one. */
export class TieredStore implements CacheStore {
  readonly name: string;
  readonly tier: string;
  readonly clock: Clock;
  readonly admits = true;
  readonly many: ManyCapability;
  readonly walk?: (glob: string) => AsyncIterable<readonly string[]>;
  readonly #tiers: Tiers;
  readonly #near: NearTier;
  readonly #listeners: Listeners;
  readonly #fills = new Fills();
  readonly #unsubscribe: (() => void) | undefined;

  constructor(tiers: Tiers) {
    const { l1, l2, bus, l1TtlMs } = tiers;
    this.#tiers = tiers;
    this.name = `${l1.name}+${l2.name}`;
    this.tier = l1.tier ?? l1.name;
    this.clock = l2.clock ?? l1.clock ?? systemClock;
    this.#listeners = new Listeners([l1, l2]);
    const fail = this.#listeners.fail.bind(this.#listeners);
    this.#near = new NearTier({ store: l1, clock: this.clock, l1TtlMs, fail });
    const publish = (keys: readonly string[]): void => this.#publish(keys);
    this.many = new TieredMany({ near: this.#near, far: l2, fills: this.#fills, publish, fail });
    if (l2.walk !== undefined) this.walk = walkBoth(l1, l2.walk);
    this.#unsubscribe = bus?.subscribe({
      message: (message) => this.#hear(message),
      gap: () => {
        this.#near.epoch += 1;
      },
      error: (error) => fail("bus", error),
    });
  }

  /** Near, else far, else nothing. A trusted near copy is answered at once. */
  get(key: string, now = this.clock.now(), admit?: Admit): Awaitable<CacheEntry | undefined> {
    const near = this.#near.find(key, now);
    if (isPromiseLike(near)) return near.then((found) => this.#getBelow(key, { near: found, now, admit }));
    return this.#getBelow(key, { near, now, admit });
  }

  /** Near at once, so that this node reads its own writes; then far; then the other nodes hear of it. */
  async set(key: string, entry: CacheEntry, reason: WriteReason = "write"): Promise<void> {
    await this.#fills.during([key], async () => {
      const taken = this.#near.put(key, entry);
      await this.#setFar(key, entry, reason);
      await taken;
    });
    if (reason === "write") this.#publish([key]);
  }

  /** Clears near before and after far: a read in between may have brought the old value back. */
  async delete(key: string): Promise<boolean> {
    const dropped = this.#near.drop(key);
    try {
      const existed = await this.#fills.during([key], async () => this.#tiers.l2.delete(key));
      this.#publish([key]);
      return (await dropped) || existed;
    } finally {
      await this.#near.drop(key);
    }
  }

  on(listener: (event: StoreEvent) => void): () => void {
    return this.#listeners.add(listener);
  }

  async close(): Promise<void> {
    this.#unsubscribe?.();
    this.#listeners.close();
    const { l1, l2, bus } = this.#tiers;
    await Promise.all([bus?.close?.(), l1.close?.(), l2.close?.()]);
  }

  #getBelow(key: string, read: Read): Awaitable<CacheEntry | undefined> {
    const { near, now } = read;
    if (near !== undefined && this.#near.trusts(near, now)) return near;
    return this.#getFar(key, read);
  }

  /** Far, or what near holds, as stale, where far cannot say. */
  async #getFar(key: string, read: Read): Promise<CacheEntry | undefined> {
    const { near, now } = read;
    try {
      return await this.#fills.join(key, (fill) => this.#fill(key, { read, fill }));
    } catch (error) {
      if (near === undefined || near.keepUntil <= now) throw error;
      this.#listeners.fail("get", error, key);
      return asStale(near, now);
    }
  }

  /** Reads far and keeps a copy; a copy that far knows nothing of is dropped, since it was deleted there. */
  async #fill(
    key: string,
    { read, fill }: { readonly read: Read; readonly fill: Fill },
  ): Promise<CacheEntry | undefined> {
    const { epoch } = this.#near;
    const entry = await readOneFar(this.#tiers.l2, key, read);
    if (!fill.standing) return entry;
    if (entry !== undefined) await this.#near.put(key, entry, epoch);
    else if (read.near !== undefined) await this.#near.drop(key);
    return entry;
  }

  /** A value that far refuses for what it is must not stay near either, where it would hide the old one. */
  async #setFar(key: string, entry: CacheEntry, reason: WriteReason): Promise<void> {
    try {
      await this.#tiers.l2.set(key, entry, reason);
    } catch (error) {
      if (isCacheError(error, "INVALID_VALUE")) await this.#near.drop(key);
      throw error;
    }
  }

  #hear(message: BusMessage): void {
    if (message.type !== "changed") return;
    for (const key of message.keys) {
      this.#fills.void(key);
      void this.#near.drop(key);
    }
    this.#listeners.tell({ type: "changed", keys: message.keys });
  }

  /** Nobody waits for the bus: far already has the change, and a failure is told as an event. */
  #publish(keys: readonly string[]): void {
    const { bus } = this.#tiers;
    if (bus === undefined || keys.length === 0) return;
    const publishing = async (): Promise<void> => bus.publish({ type: "changed", keys });
    publishing().catch((error: unknown) => this.#listeners.fail("publish", error));
  }
}
