import {
  type Admit,
  type Awaitable,
  type BusMessage,
  type CacheBus,
  type CacheEntry,
  type CacheStore,
  type Clock,
  type ExpireTerms,
  type Generation,
  type HandlesCapability,
  type Invalidation,
  isPromiseLike,
  LEASE_VERBS,
  type LeasesCapability,
  MANY_VERBS,
  type ManyCapability,
  readiness,
  type StoreEvent,
  type StoreHealth,
  StoreLifecycle,
  systemClock,
  type ValuesCapability,
  type WriteOptions,
} from "@granary/core";
import { BusMember } from "./bus-member.js";
import { healthOf, isWell } from "./far-health.js";
import { FarReads, type Read } from "./far-reads.js";
import { FarWrites } from "./far-writes.js";
import { Fills } from "./fills.js";
import { bothReady, FirstSubscription } from "./first-subscription.js";
import { HeardMessages } from "./heard-messages.js";
import { listenAll } from "./listen-all.js";
import { DEAF, NearTier } from "./near-tier.js";
import { Outbox } from "./outbox.js";
import { Repair } from "./repair.js";
import { TieredChanges } from "./tiered-changes.js";
import { tieredLeases } from "./tiered-leases.js";
import { TieredMany } from "./tiered-many.js";
import { trustedHandles } from "./trusted-handles.js";
import { walkBoth } from "./walk-both.js";

export interface Tiers {
  readonly l1: CacheStore;
  readonly l2: CacheStore;
  readonly bus: CacheBus | undefined;
  readonly l1TtlMs: number;
}

/** Two stores as one. */
export class TieredStore implements CacheStore {
  readonly name: string;
  readonly tier: string;
  readonly clock: Clock;
  readonly admits = true;
  /** The far tier has a guard of its own; the near one needs none. */
  readonly remote = false;
  readonly many: ManyCapability;
  readonly leases?: LeasesCapability;
  readonly handles?: HandlesCapability;
  readonly values?: ValuesCapability;
  readonly snapshot?: (value: unknown) => unknown;
  readonly walk?: (glob: string) => AsyncIterable<readonly string[]>;
  /** For loads that ask for no lease. */
  readonly generations?: (key: string) => Awaitable<string>;
  readonly #tiers: Tiers;
  readonly #near: NearTier;
  readonly #life: StoreLifecycle;
  readonly #member: BusMember | undefined;
  readonly #fills = new Fills((key) => this.#near.dropBehind(key));
  readonly #repair: Repair;
  readonly #heard = new HeardMessages();
  readonly #farReady: () => Promise<void> | undefined;
  readonly #reads: FarReads;
  readonly #writes: FarWrites;
  readonly #outbox: Outbox;
  readonly #changes: TieredChanges;
  #subscription = new FirstSubscription();

  constructor(tiers: Tiers) {
    const { l1, l2, bus, l1TtlMs } = tiers;
    this.#tiers = tiers;
    this.name = `${l1.name}+${l2.name}`;
    this.tier = l1.tier ?? l1.name;
    this.clock = l2.clock ?? l1.clock ?? systemClock;
    this.#life = new StoreLifecycle(this.name, () => this.#open());
    const fail = this.#fail.bind(this);
    const [{ clock }, isFarWell] = [this, (): boolean => isWell(l2)];
    this.#near = new NearTier({ store: l1, clock, l1TtlMs, isFarWell, fail });
    this.#member = bus && new BusMember(bus, { hear: (said) => this.#hear(said), near: this.#near, fail });
    this.#outbox = new Outbox({ publish: this.#member?.publish.bind(this.#member), clock, fail });
    this.#repair = this.#newRepair();
    // Nobody waits for the bus: far already has the change.
    const publish = (keys: readonly string[]): void => this.#outbox.sayChanged(keys);
    const parts = { near: this.#near, fills: this.#fills, repair: this.#repair, publish };
    this.#farReady = readiness(l2);
    const ready = (): Promise<void> | undefined => this.#farReady()?.catch((error) => fail("ready", error));
    this.#reads = new FarReads({ ...parts, far: l2, ready, clock, fail });
    this.#writes = new FarWrites({ ...parts, far: l2 });
    const say = (invalidation: Invalidation, generation: Generation): void =>
      this.#outbox.say(this.#heard.told(invalidation, generation));
    this.#changes = new TieredChanges({ ...parts, writes: this.#writes, say });
    const many = new TieredMany({ ...parts, far: l2, ready, writes: this.#writes, fail });
    this.many = this.#life.checkedVerbs<ManyCapability>(many, MANY_VERBS);
    if (l1.values !== undefined) this.values = l1.values;
    else if (l2.snapshot !== undefined) this.snapshot = l2.snapshot;
    if (l1.handles !== undefined) this.handles = trustedHandles(l1.handles, this.#near);
    if (l2.walk !== undefined) this.walk = walkBoth(l1, l2.walk);
    if (l2.leases !== undefined)
      this.leases = this.#life.checkedVerbs(tieredLeases({ ...parts, far: l2.leases, isFarWell }), LEASE_VERBS);
    if (l2.generations !== undefined) this.generations = (key) => this.#reads.generations(key);
    this.#subscription.end();
    if (bus !== undefined) this.#near.epoch = DEAF;
  }

  /** Near, else far, else nothing. A trusted near copy is answered at once. */
  get(key: string, now = this.clock.now(), admit?: Admit): Awaitable<CacheEntry | undefined> {
    const near = this.#near.find(key, now);
    if (isPromiseLike(near)) return near.then((found) => this.#getBelow(key, { near: found, now, admit }));
    return this.#getBelow(key, { near, now, admit });
  }

  /** Near at once, then far; then the other nodes hear of it. */
  async set(key: string, entry: CacheEntry, options?: WriteOptions): Promise<void> {
    this.#life.assertOpen();
    await this.#changes.set(key, entry, options);
  }

  async delete(key: string): Promise<boolean> {
    this.#life.assertOpen();
    return this.#changes.delete(key);
  }

  async expire(key: string, terms: ExpireTerms): Promise<boolean> {
    this.#life.assertOpen();
    return this.#changes.expire(key, terms);
  }

  async invalidate(invalidation: Invalidation): Promise<Generation> {
    this.#life.assertOpen();
    return this.#changes.invalidate(invalidation);
  }

  health(): Readonly<Record<string, StoreHealth>> {
    return healthOf(this.#tiers.l2, this.#repair.owed);
  }

  /** Until the clock of the far tier can be relied on and the bus listens, or cannot for now. */
  ready(): Promise<void> | undefined {
    return bothReady(this.#farReady(), this.#subscription.ready());
  }

  on(listener: (event: StoreEvent) => void): () => Awaitable<void> {
    return this.#life.on(listener);
  }

  /** The tiers and the bus stay as they are: others may use them. */
  close(): Awaitable<void> {
    this.#near.epoch = DEAF;
    return this.#life.close();
  }

  /** Somebody uses these tiers: they hear what changes, from now on. Copies of before may have missed something. */
  #open(): () => Awaitable<void> {
    const { l1, l2 } = this.#tiers;
    this.#near.begin(this.#member === undefined ? "changes" : "nothing yet");
    if (this.#member !== undefined) this.#subscription = new FirstSubscription();
    const silence = listenAll([
      () => this.#member?.join(),
      () => l1.on?.((event) => this.#life.tell(event)),
      () => l2.on?.((event) => this.#hear(event)),
      // Nobody knows what was said meanwhile.
      () => this.clock.onLeap?.(() => this.#near.beginEpoch()),
    ]);
    this.#repair.begin();
    this.#outbox.begin();
    return () => this.#rest(silence);
  }

  /** Nobody uses them any more. No timer is left, and copies are not trusted until somebody listens again. */
  async #rest(silence: () => Promise<void>): Promise<void> {
    if (this.#member !== undefined) this.#near.epoch = DEAF;
    this.#subscription.end();
    this.#outbox.rest();
    await this.#repair.rest();
    await silence();
  }

  #fail(operation: string, error: unknown, key?: string): void {
    this.#life.tell({ type: "error", operation, error, ...(key !== undefined && { key }) });
  }

  #getBelow(key: string, read: Read): Awaitable<CacheEntry | undefined> {
    const { near, now } = read;
    if (near !== undefined && this.#near.trusts(near, now)) return near;
    this.#life.assertOpen();
    // A load that comes behind this waits for the bus: it does so from now on.
    void this.#subscription.ready();
    return this.#reads.get(key, read);
  }

  #newRepair(): Repair {
    return new Repair({
      far: this.#tiers.l2,
      clock: this.clock,
      near: this.#near,
      fills: this.#fills,
      publish: (keys) => this.#outbox.sayChanged(keys),
      invalidated: (invalidation, generation) => {
        // Far hides what is loaded now: for nobody but its callers, so.
        if (generation !== undefined) this.#life.tell({ type: "invalidated", ...invalidation, ...generation });
        // A near store that fails has been told of.
        void this.#changes.spread(invalidation, generation).catch(() => {});
      },
      fail: (operation, error, key) => this.#fail(operation, error, key),
    });
  }

  /** What other nodes say, over the bus of this pair or of one below it. */
  #hear(event: BusMessage | StoreEvent): void {
    if (event.type === "breaker" && event.state === "closed") this.#repair.wake();
    if (event.type === "changed") for (const key of event.keys) this.#hearChange(key);
    if (event.type === "failover") this.#repair.failover();
    if (event.type === "gap" || event.type === "failover") return this.#hearGap(event);
    if (event.type === "invalidated" && this.#heard.isRepeated(event)) return;
    if (event.type === "invalidated") void this.#changes.invalidateNear(event).catch(() => {});
    this.#life.tell(event);
  }

  /** Messages may be missing: no copy from before is trusted, and no load from before is kept. */
  #hearGap({ type }: StoreEvent): void {
    // Far does not tell whether the bus listens.
    this.#near.beginEpoch(type === "gap" ? "changes" : undefined);
    if (type === "gap") this.#subscription.end();
    this.#life.tell({ type: "gap" });
  }

  #hearChange(key: string): void {
    if (!this.#fills.hear(key)) this.#near.dropBehind(key);
  }
}
