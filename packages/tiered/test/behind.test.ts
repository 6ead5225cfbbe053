import { type Cache, type CacheBus, CacheError, type CacheStore, type Clock, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { farStore, type LocalHub, localHub, type ManualClock, manualClock } from "@granary/testkit";
import { type TieredOptions, tiered } from "@granary/tiered";
import { describe, expect, test, vi } from "vitest";
import { gatedStore, type Verb } from "../../../test/support/gated-store.js";
import { settled } from "../../../test/support/settled.js";
import { type CutLine, cutLine } from "./support/cut-line.js";

/** What a simulated fleet with random faults has found, each made small. */

interface Node {
  readonly cache: Cache<string>;
  readonly line: CutLine;
  /** Tells the node that it may have missed messages. */
  gap(): void;
}

interface NodeOptions extends Partial<TieredOptions> {
  /** How far the node's idea of the time lags behind. */
  readonly lagMs?: number;
}

interface Fleet {
  readonly clock: ManualClock;
  readonly far: CacheStore;
  node(name: string, options?: NodeOptions): Node;
}

function fleet(): Fleet {
  const clock = manualClock();
  const server = farStore({ clock });
  const hub: LocalHub = localHub();
  return {
    clock,
    far: server.connect(),
    node(name, { lagMs = 0, ...options } = {}) {
      const line = cutLine();
      const own: Clock = { now: () => clock.now() - lagMs, after: clock.after };
      const { bus, gap } = withGaps(options.bus ?? hub.bus(name));
      const l2 = server.connect({ line, clock: own });
      const store = tiered({ l1: memoryStore({ clock: own }), l2, ...options, bus });
      const cache = createCache<string>({ store, jitter: false });
      cache.on("error", () => {});
      return { cache, line, gap };
    },
  };
}

/** `given`, of which the test says when it may have missed a message. */
function withGaps(given: CacheBus): { readonly bus: CacheBus; readonly gap: () => void } {
  let gap = (): void => {};
  const subscribe: CacheBus["subscribe"] = (listener) => {
    gap = () => listener.gap();
    return given.subscribe(listener);
  };
  return { bus: { ...given, subscribe }, gap: () => gap() };
}

/** A bus that reaches nobody. */
const deaf = (): CacheBus => localHub().bus("alone");
const keyOf = (id: string): string => `granary:v1:default:${id}`;
const down = (): never => {
  throw new Error("down");
};

describe("an answer of far that was asked for before something was made up for", () => {
  test("is judged by what was owed then", async () => {
    const { clock, node } = fleet();
    const [a, b] = [node("a", { l2Timeout: "10s" }), node("b")];
    await b.cache.set("k", "old", { tags: ["t"] });
    await clock.advance(10);
    a.line.state = "cut";
    await a.cache.delete("k");
    a.line.state = "whole";
    const release = a.line.holdAnswers("get");
    const reading = a.cache.get("k");
    await clock.advance(1_000);
    expect(a.cache.stats().stores["far"]?.owed).toBe(0);
    release();
    expect(await reading).toBeUndefined();
  });
});

describe("what this node has invalidated", () => {
  test("is no fallback either where far cannot be read", async () => {
    const { clock, node } = fleet();
    const [a, b] = [node("a"), node("b")];
    await b.cache.set("k", "old", { staleIfError: "1h" });
    await clock.advance(10);
    await a.cache.clear();
    a.line.refused.add("get");
    await expect(a.cache.getOrSet("k", down, { staleIfError: "1h" })).rejects.toThrow("down");
  });
});

describe("a change that far does not take", () => {
  const changes: ReadonlyArray<
    readonly [what: string, verb: Verb, change: (cache: Cache<string>) => Promise<unknown>]
  > = [
    ["an invalidated tag", "invalidate", (cache) => cache.invalidateTags("t")],
    ["a cleared namespace", "invalidate", (cache) => cache.clear()],
    ["a deletion", "delete", (cache) => cache.delete("k")],
    ["a deletion of many", "many.delete", (cache) => cache.deleteMany(["k", "other"])],
    ["a set", "set", (cache) => cache.set("k", "new")],
    [
      "a set of many",
      "many.set",
      (cache) =>
        cache.setMany([
          ["k", "new"],
          ["other", "new"],
        ]),
    ],
  ];

  test.each(changes)("holds here also for what was read while it was asked for: %s", async (_, verb, change) => {
    const clock = manualClock();
    const line = cutLine();
    const far = gatedStore(farStore({ clock }).connect({ line, clock }));
    const store = tiered({ l1: memoryStore({ clock }), l2: far.store, l1Ttl: "1h" });
    const cache = createCache<string>({ store, jitter: false });
    cache.on("error", () => {});
    await cache.set("k", "old", { tags: ["t"] });
    const asked = far.hold(verb, "before");
    const changed = change(cache);
    await asked.reached;
    await cache.get("k");
    for (const operation of ["set", "set many", "delete", "delete many", "invalidate"]) line.refused.add(operation);
    asked.release();
    await changed;
    expect(["new", undefined]).toContain(await cache.get("k"));
  });
});

describe("a value that this node set while far was away", () => {
  test("is not followed by the older one that far still has, where it is made stale before that has gone", async () => {
    const { clock, node } = fleet();
    const [a, b] = [node("a"), node("b")];
    await b.cache.set("k", "old", { staleIfError: "1h" });
    await clock.advance(10);
    a.line.state = "cut";
    expect(await a.cache.set("k", "new", { staleIfError: "1h" })).toBe(false);
    a.line.state = "whole";
    await a.cache.expire("k", { staleIfError: "1h" });
    const options = { staleIfError: "1h", lease: false } as const;
    expect(await a.cache.getOrSet("k", down, options).catch(() => "nothing")).not.toBe("old");
    expect(await b.cache.getOrSet("k", down, options).catch(() => "nothing")).not.toBe("old");
  });
});

describe("a value that this node loaded while far was away", () => {
  test("counts as just written from the beginning of its load, where a bus that hears nothing has said so", async () => {
    const { clock, node } = fleet();
    const a = node("a");
    a.line.state = "cut";
    let land = (_value: string): void => {};
    const load = a.cache.getOrSet("k", () => new Promise<string>((resolve) => (land = resolve)));
    await clock.advance(1_500);
    land("old");
    expect(await load).toBe("old");
    a.gap();
    await clock.advance(400);
    expect(await a.cache.getOrSet("k", () => "unasked")).toBe("old");
    await clock.advance(200);
    expect(await a.cache.getOrSet("k", () => "new")).toBe("new");
  });

  test("is not followed by the older one that far still has, which has to go", async () => {
    const { clock, far, node } = fleet();
    const [a, b] = [node("a"), node("b")];
    await b.cache.set("k", "old");
    await clock.advance(10);
    a.line.state = "cut";
    expect(await a.cache.getOrSet("k", () => "new")).toBe("new");
    a.line.state = "whole";
    await a.cache.get("other");
    expect(await a.cache.get("k")).not.toBe("old");
    await settled();
    expect(await far.get(keyOf("k"))).toBeUndefined();
    expect(await b.cache.get("k")).toBeUndefined();
    expect((await a.cache.getMany(["k"])).get("k")).not.toBe("old");
  });

  test.each([
    ["leases", {}],
    ["no leases", { lease: false }],
  ])("is remembered after its own end, with %s: what far still has is older, and lives longer", async (_, options) => {
    const { clock, far, node } = fleet();
    const [a, b] = [node("a"), node("b")];
    await b.cache.set("k", "old", { ttl: "1m" });
    await clock.advance(10);
    a.line.state = "cut";
    expect(await a.cache.getOrSet("k", () => "new", { ttl: 500, ...options })).toBe("new");
    await clock.advance(1_000);
    a.line.state = "whole";
    await a.cache.get("other");
    expect(await a.cache.getOrSet("k", () => "newer", { ttl: "1m", ...options })).toBe("newer");
    await settled();
    expect((await far.get(keyOf("k")))?.value).not.toBe("old");
    expect((await b.cache.getMany(["k"])).get("k")).not.toBe("old");
    // What far has by now is the latest.
    const loads = vi.fn(() => "again");
    await clock.advance(1_000);
    a.gap();
    await a.cache.getOrSet("k", loads);
    a.gap();
    await a.cache.getOrSet("k", loads);
    expect(loads.mock.calls.length).toBeLessThanOrEqual(1);
  });

  test("is not followed by what was written here before it", async () => {
    const { clock, far, node } = fleet();
    const a = node("a");
    a.line.state = "cut";
    await a.cache.set("k", "written");
    await clock.advance(2_000);
    a.gap();
    expect(await a.cache.getOrSet("k", () => "loaded")).toBe("loaded");
    a.line.state = "whole";
    await clock.advance(1_000);
    expect(await far.get(keyOf("k"))).toBeUndefined();
    expect(await a.cache.get("k")).not.toBe("written");
  });
});

test("a load in the place of a deletion that is owed is told to the others, as that would have been", async () => {
  const { clock, node } = fleet();
  const [a, b] = [node("a"), node("b")];
  await b.cache.set("k", "old");
  await clock.advance(10);
  a.line.state = "cut";
  await a.cache.delete("k");
  a.line.state = "whole";
  expect(await a.cache.getOrSet("k", () => "loaded")).toBe("loaded");
  await settled();
  expect(await b.cache.get("k")).toBe("loaded");
});

test("what is read while a load is being kept is not followed by that load", async () => {
  const { clock, node } = fleet();
  const [a, b] = [node("a", { bus: deaf() }), node("b")];
  const [kept, read] = [a.line.holdAnswers("fill"), a.line.holdAnswers("get")];
  const loading = a.cache.getOrSet("k", () => "older");
  await settled();
  read();
  await settled();
  await clock.advance(20);
  await b.cache.set("k", "newer");
  const answer = a.line.holdAnswers("get");
  const reading = a.cache.get("k");
  await settled();
  kept();
  expect(await loading).toBe("older");
  answer();
  expect(await reading).toBe("newer");
  expect(await a.cache.get("k")).toBe("newer");
});

describe("what is owed", () => {
  test("is never written, and takes what came after it along", async () => {
    const { clock, far, node } = fleet();
    const [a, b] = [node("a"), node("b")];
    a.line.state = "hangs";
    const setting = a.cache.set("k", "earlier");
    await clock.advance(100);
    await b.cache.set("k", "later");
    await clock.advance(200);
    expect(await setting).toBe(false);
    a.line.state = "whole";
    await clock.advance(1_000);
    expect(await far.get(keyOf("k"))).toBeUndefined();
  });

  test("as a deletion meets a load that began just before, also where this node's clock lags", async () => {
    const { clock, far, node } = fleet();
    const [a, b] = [node("a", { lagMs: 5, bus: deaf() }), node("b")];
    await b.cache.getOrSet("k", () => "from before");
    await clock.advance(1);
    a.line.state = "cut";
    await a.cache.delete("k");
    a.line.state = "whole";
    await clock.advance(1_000);
    expect(await far.get(keyOf("k"))).toBeUndefined();
  });

  test("as an expiry does not bring back what another node has deleted", async () => {
    const { clock, far, node } = fleet();
    const [a, b] = [node("a", { bus: deaf() }), node("b")];
    await a.cache.set("k", "old", { staleIfError: "1h" });
    await clock.advance(10);
    a.line.state = "cut";
    await b.cache.delete("k");
    await clock.advance(10);
    await a.cache.expire("k", { staleIfError: "1h" });
    a.line.state = "whole";
    await clock.advance(1_000);
    expect(await far.get(keyOf("k"))).toBeUndefined();
  });
});

test.each([
  ["deleted", (cache: Cache<string>) => cache.delete("k")],
  ["replaced", (cache: Cache<string>) => cache.set("k", "new")],
])("an expiry does not bring back what another node has %s", async (_, change) => {
  const { clock, far, node } = fleet();
  const [a, b] = [node("a", { bus: deaf() }), node("b")];
  await a.cache.set("k", "old", { ttl: "1m", staleIfError: "1h" });
  await clock.advance(10);
  await change(b.cache);
  await clock.advance(10);
  await a.cache.expire("k", { staleIfError: "1h" });
  expect((await far.get(keyOf("k")))?.value).not.toBe("old");
  b.gap();
  expect(await b.cache.get("k")).toBeUndefined();
  expect(await b.cache.getOrSet("k", () => "loaded", { staleIfError: "1h" })).toBe("loaded");
});

test("an expiry that far did not take deletes the key there", async () => {
  const { clock, far, node } = fleet();
  const a = node("a");
  await a.cache.set("k", "old", { staleIfError: "1h" });
  await clock.advance(10);
  a.line.refused.add("expire");
  await a.cache.expire("k", { staleIfError: "1h" });
  expect(await a.cache.get("k")).toBeUndefined();
  await clock.advance(1_000);
  expect(await far.get(keyOf("k"))).toBeUndefined();
});

test("a write that a line has held back does not replace what came after it", async () => {
  const { clock, far, node } = fleet();
  const [a, b] = [node("a"), node("b")];
  a.line.state = "hangs";
  const setting = a.cache.set("k", "earlier");
  await clock.advance(300);
  expect(await setting).toBe(false);
  await b.cache.delete("k");
  await clock.advance(10);
  a.line.state = "whole";
  await settled();
  expect(await far.get(keyOf("k"))).toBeUndefined();
  await clock.advance(1_000);
  expect(await far.get(keyOf("k"))).toBeUndefined();
});

test("a read that is overtaken by a later one of the same key is not kept in its place", async () => {
  const { clock, node } = fleet();
  const [a, b] = [node("a", { bus: deaf(), l2Timeout: "10s" }), node("b")];
  await b.cache.set("k", "old", { tags: ["t"] });
  await clock.advance(10);
  const release = a.line.holdAnswers("get many");
  const reading = a.cache.getMany(["k"]);
  await settled();
  await b.cache.set("k", "new");
  expect(await a.cache.get("k")).toBe("new");
  release();
  expect((await reading).get("k")).toBe("old");
  expect(await a.cache.get("k")).toBe("new");
});

test("a load that a reader has seen to be out of date is not joined", async () => {
  const { clock, node } = fleet();
  const [a, b] = [node("a", { bus: deaf() }), node("b")];
  let answer = (_value: string): void => {};
  const loading = a.cache.getOrSet("k", () => new Promise<string>((resolve) => (answer = resolve)));
  await settled();
  await clock.advance(20);
  await b.cache.set("k", "newer");
  expect(await a.cache.get("k")).toBe("newer");
  const joining = a.cache.getOrSet("k", () => "newest");
  answer("older");
  expect(await loading).toBe("older");
  expect(await joining).toBe("newer");
});

test("what is being written here is still read when an older change is made up for meanwhile", async () => {
  const { clock, node } = fleet();
  const a = node("a", { l2Timeout: "10s" });
  a.line.state = "cut";
  await a.cache.delete("k");
  a.line.state = "whole";
  const release = a.line.holdAnswers("set");
  const setting = a.cache.set("k", "new");
  await clock.advance(1_000);
  expect(a.cache.stats().stores["far"]?.owed).toBe(0);
  expect(await a.cache.get("k")).toBe("new");
  release();
  expect(await setting).toBe(true);
});

test("what is found when the right to load is asked for takes the place of an older copy that came meanwhile", async () => {
  const [clock, hub] = [manualClock(), localHub()];
  const server = farStore({ clock });
  const [far, other] = [server.connect(), server.connect()];
  const leases = far.leases as NonNullable<CacheStore["leases"]>;
  let ask = (): void => {};
  const asked = new Promise<void>((go) => (ask = go));
  const acquire: typeof leases.acquire = (...question) => asked.then(() => leases.acquire(...question));
  const l2 = { ...far, leases: { ...leases, acquire } };
  const cache = createCache<string>({ store: tiered({ l1: memoryStore({ clock }), l2, bus: hub.bus("deaf") }) });
  const held = { createdAt: clock.now(), freshUntil: clock.now() + 60_000, keepUntil: clock.now() + 60_000 };
  const loading = cache.getOrSet("k", () => "loaded");
  await settled();
  await other.set(keyOf("k"), { ...held, value: "old" });
  expect(await cache.get("k")).toBe("old");
  await other.set(keyOf("k"), { ...held, createdAt: held.createdAt + 1, value: "new" });
  ask();
  expect(await loading).toBe("new");
  expect(await cache.get("k")).toBe("new");
  await cache.close();
});

test("what a value was to replace goes once far is back, where far took neither the value nor the end of the old one", async () => {
  const clock = manualClock();
  const server = farStore({ clock });
  const [far, other] = [server.connect(), server.connect()];
  const leases = far.leases as NonNullable<CacheStore["leases"]>;
  const fill: typeof leases.fill = (_key, entry) => {
    throw entry === undefined ? new Error("down") : new CacheError("STORE_REFUSED", "It is full.");
  };
  const l2 = { ...far, leases: { ...leases, fill } };
  const cache = createCache<string>({ store: tiered({ l1: memoryStore({ clock }), l2 }), staleIfError: "1h" });
  cache.on("error", () => {});
  const now = clock.now();
  await other.set(keyOf("k"), { value: "old", createdAt: now, freshUntil: now + 10, keepUntil: now + 60_000 });
  await clock.advance(20);
  expect(await cache.getOrSet("k", () => "new")).toBe("new");
  expect(await other.get(keyOf("k"))).toMatchObject({ value: "old" });
  await clock.advance(1_000);
  expect(await other.get(keyOf("k"))).toBeUndefined();
  await cache.close();
});

describe("what far does not take while it is made up for what came before", () => {
  const lateRound = async () => {
    const { clock, far, node } = fleet();
    const a = node("a", { l2Timeout: "10s" });
    for (const id of ["first", "second"]) await far.set(keyOf(id), { ...(await lasting(clock)), value: id });
    a.line.refused.add("delete");
    await a.cache.delete("first");
    const release = a.line.holdAnswers("delete many");
    await clock.advance(600);
    expect(await far.get(keyOf("first"))).toBeUndefined();
    return { a, clock, far, release };
  };
  const lasting = async (clock: ManualClock) => {
    const now = clock.now();
    return { createdAt: now, freshUntil: now + 60_000, keepUntil: now + 60_000 };
  };

  test("is made up for before the tiers are closed", async () => {
    const { a, far, release } = await lateRound();
    await a.cache.delete("second");
    const closing = a.cache.close();
    release();
    await closing;
    expect(await far.get(keyOf("second"))).toBeUndefined();
  });

  test("is made up for in the next round, also of the same key", async () => {
    const { a, clock, far, release } = await lateRound();
    await far.set(keyOf("first"), { ...(await lasting(clock)), value: "of another node" });
    a.line.refused.add("set");
    expect(await a.cache.set("first", "mine")).toBe(false);
    release();
    await settled();
    expect(await a.cache.get("first")).toBe("mine");
    await clock.advance(600);
    expect(await far.get(keyOf("first"))).toBeUndefined();
  });

  test("is made up for in the next round, also of the same namespace", async () => {
    const { clock, far, node } = fleet();
    const a = node("a", { l2Timeout: "10s" });
    a.line.refused.add("invalidate");
    expect(await a.cache.clear()).toBe(false);
    a.line.refused.clear();
    const release = a.line.holdAnswers("invalidate");
    await clock.advance(600);
    await far.set(keyOf("k"), { ...(await lasting(clock)), value: "old" });
    a.line.refused.add("invalidate");
    expect(await a.cache.clear()).toBe(false);
    a.line.refused.clear();
    release();
    await settled();
    await clock.advance(600);
    expect(await far.get(keyOf("k"))).toBeUndefined();
  });
});

describe("a read of far that fails", () => {
  /** A pair of tiers of which far answers reads of one key when the test says so. */
  const pair = () => {
    const clock = manualClock();
    const far = farStore({ clock }).connect();
    const fails: ((error: Error) => void)[] = [];
    const l2: CacheStore = { ...far, get: () => new Promise((_, reject) => fails.push(reject)) };
    const { bus, gap } = withGaps(deaf());
    const store = tiered({ l1: memoryStore({ clock }), l2, bus });
    return { clock, far, store, gap, fail: () => fails.forEach((reject) => reject(new Error("late"))) };
  };
  const entryAt = (now: number) => ({
    value: "old",
    createdAt: now,
    freshUntil: now + 60_000,
    keepUntil: now + 60_000,
  });

  test("gives the copy that came to near after it had begun, to all who wait for it", async () => {
    const { clock, far, store, gap, fail } = pair();
    await far.set(keyOf("k"), entryAt(clock.now()));
    const first = store.get(keyOf("k"), clock.now());
    await settled();
    await store.many?.get([keyOf("k")], clock.now());
    gap();
    const second = store.get(keyOf("k"), clock.now());
    await settled();
    fail();
    expect(await Promise.all([first, second])).toMatchObject([{ value: "old" }, { value: "old" }]);
  });

  test("gives no copy that was deleted after it had begun", async () => {
    const { clock, store, gap, fail } = pair();
    await store.set(keyOf("k"), entryAt(clock.now()));
    gap();
    const reading = store.get(keyOf("k"), clock.now());
    await settled();
    await store.delete(keyOf("k"));
    fail();
    await expect(reading).rejects.toThrow("late");
  });
});
