import {
  type Admit,
  type Awaitable,
  type BusMessage,
  type CacheBus,
  type CacheEntry,
  type CacheStore,
  type Clock,
  type Invalidation,
  isCacheError,
  isPromiseLike,
  type LeasesCapability,
  type ManyCapability,
  type StoreEvent,
  systemClock,
  type WriteReason,
} from "@granary/core";
import { type FarRead, readOneFar } from "./far-tier.js";
import { type Fill, Fills } from "./fills.js";
import { FirstSubscription } from "./first-subscription.js";
import { Listeners } from "./listeners.js";
import { asStale } from "./near-entry.js";
import { NearTier } from "./near-tier.js";
import { tieredLeases } from "./tiered-leases.js";
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
  readonly leases?: LeasesCapability;
  readonly walk?: (glob: string) => AsyncIterable<readonly string[]>;
  readonly #tiers: Tiers;
  readonly #near: NearTier;
  readonly #listeners = new Listeners();
  readonly #fills = new Fills((key) => void this.#near.drop(key));
  readonly #subscription = new FirstSubscription();
  readonly #silences: ReadonlyArray<(() => void) | undefined>;

  constructor(tiers: Tiers) {
    const { l1, l2, bus, l1TtlMs } = tiers;
    this.#tiers = tiers;
    this.name = `${l1.name}+${l2.name}`;
    this.tier = l1.tier ?? l1.name;
    this.clock = l2.clock ?? l1.clock ?? systemClock;
    const fail = this.#listeners.fail.bind(this.#listeners);
    this.#near = new NearTier({ store: l1, clock: this.clock, l1TtlMs, fail });
    const publish = (keys: readonly string[]): void => this.#publish(keys);
    this.many = new TieredMany({ near: this.#near, far: l2, fills: this.#fills, publish, fail });
    if (l2.walk !== undefined) this.walk = walkBoth(l1, l2.walk);
    if (l2.leases !== undefined)
      this.leases = tieredLeases({ far: l2.leases, near: this.#near, fills: this.#fills, publish });
    // Without a bus there is nothing to wait for.
    if (bus === undefined) this.#subscription.end();
    this.#silences = [
      l1.on?.((event) => this.#listeners.tell(event)),
      l2.on?.((event) => this.#hear(event)),
      bus?.subscribe({
        message: (message) => this.#hear(message),
        gap: () => this.#hear({ type: "gap" }),
        error: (error) => fail("bus", error),
      }),
    ];
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
      const taken = this.#near.put(key, entry, this.#near.intake());
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

  /** Near at once; then far, whose word on the instant counts; then the other nodes hear of it. */
  async invalidate(invalidation: Invalidation, at: number): Promise<number> {
    const { l2, bus } = this.#tiers;
    await this.#mark(invalidation, at);
    const markedAt = (await l2.invalidate?.(invalidation, at)) ?? at;
    await this.#mark(invalidation, markedAt);
    if (bus !== undefined) this.#tell({ type: "marked", ...invalidation, at: markedAt });
    return markedAt;
  }

  /** Until the clock of the far tier can be relied on and the bus listens, or cannot for now. */
  ready(): Promise<void> | undefined {
    const waiting = [this.#tiers.l2.ready?.(), this.#subscription.ready()].filter(isPromiseLike);
    return waiting.length === 0 ? undefined : Promise.all(waiting).then(() => undefined);
  }

  on(listener: (event: StoreEvent) => void): () => void {
    return this.#listeners.add(listener);
  }

  async close(): Promise<void> {
    this.#subscription.end();
    for (const silence of this.#silences) silence?.();
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
  async #getFar(key: string, asked: Read): Promise<CacheEntry | undefined> {
    const { near } = asked;
    const waiting = this.#tiers.l2.ready?.();
    // By a clock that is not in step yet a copy would be trusted for minutes too long.
    if (isPromiseLike(waiting)) await waiting;
    const read = isPromiseLike(waiting) ? { ...asked, now: this.clock.now() } : asked;
    const { now } = read;
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
    const intake = this.#near.intake();
    const entry = await readOneFar(this.#tiers.l2, key, read);
    if (!fill.standing) return entry;
    if (entry !== undefined) await this.#near.put(key, entry, intake);
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

  /** What other nodes say, over the bus of this pair or of one below it. */
  #hear(event: BusMessage | StoreEvent): void {
    if (event.type === "changed") for (const key of event.keys) this.#hearChange(key);
    if (event.type === "gap") return this.#hearGap();
    if (event.type === "marked") void this.#mark(event, event.at);
    this.#listeners.tell(event);
  }

  /** Messages may be missing: no copy from before is trusted, and no load from before is kept. */
  #hearGap(): void {
    this.#near.epoch += 1;
    if (!this.#subscription.end()) this.#listeners.tell({ type: "gap" });
  }

  #hearChange(key: string): void {
    if (!this.#fills.hear(key)) void this.#near.drop(key);
  }

  /** Copies are judged by the mark; reads that are under way were judged before it. */
  async #mark({ scope, tags }: Invalidation, at: number): Promise<void> {
    this.#fills.voidAll();
    await this.#near.invalidate({ scope, ...(tags !== undefined && { tags }) }, at);
  }

  #publish(keys: readonly string[]): void {
    if (keys.length > 0) this.#tell({ type: "changed", keys });
  }

  /** Nobody waits for the bus: far already has the change, and a failure is told as an event. */
  #tell(message: BusMessage): void {
    const publishing = async (): Promise<void> => this.#tiers.bus?.publish(message);
    publishing().catch((error: unknown) => this.#listeners.fail("publish", error));
  }
}
