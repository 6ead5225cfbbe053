import { type Cache, type CacheBus, type CacheStore, type createCache, isCacheError } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { tiered } from "@granary/tiered";
import { eventually } from "./eventually.js";

/** One step of a random program. Numbers pick among what there is at that moment. */
export interface Step {
  readonly verb:
    | "open"
    | "child"
    | "set"
    | "setMany"
    | "getOrSet"
    | "delete"
    | "tags"
    | "clear"
    | "close"
    | "closeStore";
  readonly pick: number;
  readonly id: "a" | "b";
}

/** What a program's stores are made of: two buses may be two objects, and several tiers may share one. */
export interface Parts {
  readonly far: CacheStore;
  readonly buses: readonly [CacheBus, CacheBus];
  readonly clock: { readonly clock?: NonNullable<CacheStore["clock"]> };
  /** Lets time pass: of one instant nobody can say whether a value is older than an invalidation. */
  tick(): Promise<void>;
  /** `createCache` of several copies of core. */
  readonly creators: ReadonlyArray<typeof createCache>;
}

interface Place {
  readonly store: CacheStore;
  /** What is written here is seen by all caches of the same universe. */
  readonly universe: "far" | "memory";
  /** Whose closing it does not survive. */
  readonly below: readonly number[];
}

interface Opened {
  readonly cache: Cache<number>;
  readonly place: number;
  readonly namespace: string;
  readonly family: { isClosed: boolean };
}

const IDS = ["a", "b"] as const;

/** Caches that share parts, what they hold, and whether each of them sees it. */
export class SharedParts {
  /** How many values were compared. */
  looks = 0;
  readonly #parts: Parts;
  readonly #places: readonly Place[];
  readonly #closed = new Set<number>();
  readonly #held = new Map<string, number>();
  #opened: Opened[] = [];
  #values = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#places = placesOf(parts);
  }

  /** Does one step, and checks what everybody sees then. */
  async take(step: Step): Promise<void> {
    if (step.verb === "open") this.#open(step.pick);
    else if (step.verb === "closeStore") await this.#closeStore(step.pick);
    else if (this.#opened.length > 0) await this.#act(step, this.#opened[step.pick % this.#opened.length] as Opened);
    await this.#checkAll();
    await this.#parts.tick();
  }

  /** Closes all that is open, each twice. */
  async closeAll(): Promise<void> {
    for (const { cache } of this.#opened) await Promise.all([cache.close(), cache.close()]);
    this.#opened = [];
  }

  #open(pick: number): void {
    const free = this.#places.flatMap((_, place) => (this.#isClosed(place) ? [] : [place]));
    const place = free[pick % free.length] as number;
    const namespace = pick % 3 === 0 ? "other" : "one";
    const create = this.#parts.creators[pick % this.#parts.creators.length] as typeof createCache;
    const { store } = this.#places[place] as Place;
    const cache = create<number>({ store, namespace, ttl: "1h", jitter: false, tags: ["t"] });
    cache.on("error", () => undefined);
    this.#opened.push({ cache, place, namespace, family: { isClosed: false } });
  }

  async #closeStore(pick: number): Promise<void> {
    // The last ones stay, so that there is something to look at.
    const place = pick % this.#places.length;
    if (place > 2) return;
    this.#closed.add(place);
    await (this.#places[place] as Place).store.close?.();
  }

  #isClosed(place: number): boolean {
    return [place, ...(this.#places[place] as Place).below].some((each) => this.#closed.has(each));
  }

  async #act(step: Step, opened: Opened): Promise<void> {
    const { cache, place, namespace, family } = opened;
    if (step.verb === "child") {
      if (!family.isClosed)
        this.#opened.push({ ...opened, cache: cache.namespace("child"), namespace: `${namespace}/child` });
      return;
    }
    if (step.verb === "close") {
      // A child that is closed leaves its family as it is.
      family.isClosed ||= !namespace.endsWith("child");
      return cache.close();
    }
    if (family.isClosed || this.#isClosed(place)) return expectClosed(() => this.#change(step, opened), step.verb);
    await this.#change(step, opened);
  }

  async #change({ verb, id }: Step, { cache, place, namespace, family }: Opened): Promise<void> {
    const at = (key: string): string => `${(this.#places[place] as Place).universe} ${namespace} ${key}`;
    const isOpen = !family.isClosed && !this.#isClosed(place);
    this.#values += 1;
    const value = this.#values;
    if (verb === "set") await cache.set(id, value);
    if (verb === "setMany") await cache.setMany(IDS.map((each) => [each, value]));
    if (verb === "getOrSet") await cache.getOrSet(id, () => value);
    if (verb === "delete") await cache.delete(id);
    if (verb === "tags") await cache.invalidateTags("t");
    if (verb === "clear") await cache.clear();
    if (!isOpen) return;
    if (verb === "set") this.#held.set(at(id), value);
    if (verb === "setMany") for (const each of IDS) this.#held.set(at(each), value);
    if (verb === "getOrSet" && !this.#held.has(at(id))) this.#held.set(at(id), value);
    if (verb === "delete") this.#held.delete(at(id));
    if (verb !== "tags" && verb !== "clear") return;
    for (const key of this.#held.keys()) if (key.startsWith(at("").trimEnd())) this.#held.delete(key);
  }

  async #checkAll(): Promise<void> {
    for (const opened of this.#opened) for (const id of IDS) await this.#check(opened, id);
  }

  async #check({ cache, place, namespace, family }: Opened, id: string): Promise<void> {
    if (family.isClosed || this.#isClosed(place)) return expectClosed(() => cache.get(id), "get");
    const { universe } = this.#places[place] as Place;
    await this.#see(cache, id, this.#held.get(`${universe} ${namespace} ${id}`));
  }

  async #see(cache: Cache<number>, id: string, held: number | undefined): Promise<void> {
    this.looks += 1;
    let looks = 0;
    const look = async (): Promise<number | undefined> => {
      looks += 1;
      return cache.get(id);
    };
    // A bus between processes takes a moment. One in this process has told before anybody can ask.
    const isDone = (seen: number | undefined): boolean =>
      seen === held || (this.#parts.clock.clock !== undefined && looks > 20);
    const seen = await eventually(look, isDone);
    if (seen !== held) throw new Error(`${id} is ${String(seen)} to a cache that should see ${String(held)}.`);
  }
}

/** Whoever uses what is closed is told so. */
async function expectClosed(call: () => Promise<unknown>, verb: string): Promise<void> {
  const error = await call().then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!isCacheError(error, "CLOSED")) throw new Error(`${verb} of what is closed: ${String(error)}`);
}

/** Stores over one far store that share whatever can be shared, and one of memory alone. */
function placesOf({ far, buses: [bus, other], clock }: Parts): readonly Place[] {
  const l1 = memoryStore(clock);
  const shared = { universe: "far", below: [] } as const;
  const middle = tiered({ l1: memoryStore({ ...clock, name: "middle" }), l2: far, bus });
  return [
    { ...shared, store: tiered({ l1, l2: far, bus }) },
    { ...shared, store: tiered({ l1, l2: far, bus: other }) },
    { ...shared, store: tiered({ l1: memoryStore(clock), l2: far, bus }) },
    { ...shared, store: middle },
    // With a bus of its own: over the one below it would hear of other nodes alone, not of caches on the middle itself.
    { ...shared, below: [3], store: tiered({ l1: memoryStore(clock), l2: middle, bus: other }) },
    { ...shared, store: tiered({ l1: memoryStore(clock), l2: far, bus: other }) },
    { universe: "memory", below: [], store: memoryStore(clock) },
  ];
}
