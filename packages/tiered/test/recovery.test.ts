import { type Cache, type CacheStore, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { type FarStore, farStore, type LocalHub, localHub, type ManualClock, manualClock } from "@granary/testkit";
import { type TieredOptions, tiered } from "@granary/tiered";
import { describe, expect, test } from "vitest";
import { type CutLine, cutLine } from "./support/cut-line.js";

interface Node {
  readonly cache: Cache<string>;
  readonly line: CutLine;
}

interface Fleet {
  readonly clock: ManualClock;
  /** What far holds, seen by somebody whose line is whole. */
  readonly far: CacheStore;
  node(name: string, options?: Partial<TieredOptions>): Node;
}

function fleet(): Fleet {
  const clock = manualClock();
  const server: FarStore = farStore({ clock });
  const hub: LocalHub = localHub();
  return {
    clock,
    far: server.connect(),
    node(name, options) {
      const line = cutLine();
      const l2 = server.connect({ line });
      const cache = createCache<string>({
        store: tiered({ l1: memoryStore({ clock }), l2, bus: hub.bus(name), ...options }),
        jitter: false,
      });
      cache.on("error", () => {});
      return { cache, line };
    },
  };
}

const keyOf = (id: string): string => `granary:v1:default:${id}`;
const owedBy = ({ cache }: Node): number | undefined => cache.stats().stores["far"]?.owed;

describe("a write that far did not take", () => {
  test("is read here, is made up for within a second, and is announced then", async () => {
    const { clock, far, node } = fleet();
    const [a, b] = [node("a"), node("b")];
    await b.cache.set("k", "old");
    expect(await a.cache.get("k")).toBe("old");
    await clock.advance(10);
    a.line.state = "cut";
    expect(await a.cache.set("k", "new")).toBe(false);
    expect(await a.cache.get("k")).toBe("new");
    expect(await b.cache.get("k")).toBe("old");
    expect(owedBy(a)).toBe(1);
    a.line.state = "whole";
    await clock.advance(1_000);
    expect(owedBy(a)).toBe(0);
    expect((await far.get(keyOf("k")))?.value).toBe("new");
    expect(await b.cache.get("k")).toBe("new");
    expect(await a.cache.get("k")).toBe("new");
  });

  test("is made up for as soon as the breaker closes", async () => {
    const { clock, far, node } = fleet();
    const a = node("a");
    a.line.state = "cut";
    for (const id of ["1", "2", "3", "4", "5", "6"]) await a.cache.set(id, "new");
    expect(a.cache.stats().stores["far"]).toMatchObject({ state: "open", owed: 6 });
    a.line.state = "whole";
    await clock.advance(1_000);
    expect(a.cache.stats().stores["far"]).toMatchObject({ state: "closed", owed: 0 });
    expect((await far.get(keyOf("6")))?.value).toBe("new");
  });

  test("of several to one key only the last is made", async () => {
    const { clock, far, node } = fleet();
    const a = node("a");
    a.line.state = "cut";
    await a.cache.set("k", "first");
    await a.cache.delete("k");
    await a.cache.set("k", "last");
    expect(owedBy(a)).toBe(1);
    a.line.state = "whole";
    await clock.advance(1_000);
    expect((await far.get(keyOf("k")))?.value).toBe("last");
    expect(a.line.carried.filter((name) => name === "replay")).toHaveLength(1);
  });

  test("gives way to what another node has written since", async () => {
    const { clock, far, node } = fleet();
    const [a, b] = [node("a"), node("b")];
    a.line.state = "cut";
    await a.cache.set("k", "earlier");
    await clock.advance(10);
    await b.cache.set("k", "later");
    a.line.state = "whole";
    await clock.advance(1_000);
    expect((await far.get(keyOf("k")))?.value).toBe("later");
    expect(await a.cache.get("k")).toBe("later");
    expect(owedBy(a)).toBe(0);
  });

  test("gives way to what another node has deleted since, also where no message came", async () => {
    const { clock, far, node } = fleet();
    const hubs = [localHub(), localHub()];
    const [a, b] = [node("a", { bus: hubs[0]?.bus("a") as never }), node("b", { bus: hubs[1]?.bus("b") as never })];
    a.line.state = "cut";
    await a.cache.set("k", "earlier");
    await clock.advance(10);
    await b.cache.delete("k");
    a.line.state = "whole";
    await clock.advance(1_000);
    expect(await far.get(keyOf("k"))).toBeUndefined();
    expect(await a.cache.get("k")).toBeUndefined();
  });

  test("is a deletion once its value has expired: what it replaced does not come back", async () => {
    const { clock, far, node } = fleet();
    const a = node("a");
    await a.cache.set("k", "old", { ttl: "1h" });
    await clock.advance(10);
    a.line.state = "cut";
    await a.cache.set("k", "new", { ttl: "10s" });
    await clock.advance(20_000);
    a.line.state = "whole";
    await clock.advance(1_500);
    expect(await far.get(keyOf("k"))).toBeUndefined();
    expect(await a.cache.get("k")).toBeUndefined();
  });

  test("is forgotten when a later one is taken", async () => {
    const { clock, far, node } = fleet();
    const a = node("a");
    a.line.state = "cut";
    await a.cache.set("k", "first");
    a.line.state = "whole";
    await clock.advance(1);
    expect(await a.cache.set("k", "second")).toBe(true);
    expect(owedBy(a)).toBe(0);
    await clock.advance(1_000);
    expect((await far.get(keyOf("k")))?.value).toBe("second");
  });

  test("is made up for also when an earlier one was forgotten", async () => {
    const { clock, far, node } = fleet();
    const a = node("a");
    for (const value of ["first", "second"]) {
      a.line.state = "cut";
      await a.cache.set("k", value);
      a.line.state = "whole";
      if (value === "first") await a.cache.set("k", value);
      await clock.advance(1_000);
      expect(owedBy(a)).toBe(0);
    }
    expect((await far.get(keyOf("k")))?.value).toBe("second");
  });

  test("that came too late, and was done all the same, is not done twice over something newer", async () => {
    const { clock, far, node } = fleet();
    const [a, b] = [node("a"), node("b")];
    a.line.state = "hangs";
    const setting = a.cache.set("k", "slow");
    await clock.advance(250);
    expect(await setting).toBe(false);
    a.line.state = "whole";
    await clock.advance(10);
    await b.cache.set("k", "later");
    await clock.advance(1_000);
    expect((await far.get(keyOf("k")))?.value).toBe("later");
    expect(owedBy(a)).toBe(0);
  });
});

describe("a deletion that far did not take", () => {
  test("holds on this node while far still has the old value, in every kind of read", async () => {
    const { clock, node } = fleet();
    const [a, b] = [node("a"), node("b")];
    await b.cache.set("k", "old");
    await clock.advance(10);
    a.line.state = "cut";
    await a.cache.delete("k");
    a.line.state = "whole";
    expect(await a.cache.get("k")).toBeUndefined();
    expect((await a.cache.getMany(["k"])).size).toBe(0);
    expect(await a.cache.has("k")).toBe(false);
    expect(await a.cache.entry("k")).toBeUndefined();
    expect(owedBy(a)).toBe(1);
  });

  test("is not undone by a load that finds the old value on its way to a lease", async () => {
    const { clock, far, node } = fleet();
    const a = node("a");
    await a.cache.set("k", "old");
    await clock.advance(10);
    a.line.state = "cut";
    await a.cache.delete("k");
    a.line.state = "whole";
    expect(await a.cache.getOrSet("k", () => "loaded")).toBe("loaded");
    expect(owedBy(a)).toBe(0);
    await clock.advance(1_000);
    expect((await far.get(keyOf("k")))?.value).toBe("loaded");
  });

  test.each([
    ["under a lease", {}],
    ["without one", { lease: false }],
  ])("is told to the others also when a load %s makes up for it", async (_, options) => {
    const { clock, node } = fleet();
    const [a, b] = [node("a"), node("b")];
    await b.cache.set("k", "old");
    await clock.advance(10);
    a.line.state = "cut";
    await a.cache.delete("k");
    a.line.state = "whole";
    expect(await a.cache.getOrSet("k", () => "loaded", options)).toBe("loaded");
    expect(owedBy(a)).toBe(0);
    expect(await b.cache.get("k")).toBe("loaded");
  });

  test("is made up for, and told to the others", async () => {
    const { clock, far, node } = fleet();
    const [a, b] = [node("a"), node("b")];
    await b.cache.setMany([
      ["k", "old"],
      ["l", "old"],
    ]);
    await clock.advance(10);
    a.line.state = "cut";
    await a.cache.deleteMany(["k", "l"]);
    a.line.state = "whole";
    await clock.advance(1_000);
    expect(await far.get(keyOf("k"))).toBeUndefined();
    expect((await b.cache.getMany(["k", "l"])).size).toBe(0);
    expect(owedBy(a)).toBe(0);
  });
});

describe("a mark that far did not take", () => {
  test.each([
    ["clear()", ({ cache }: Node) => cache.clear()],
    ["a tag", ({ cache }: Node) => cache.invalidateTags("t")],
  ] as const)("from %s holds on this node, and everywhere once it is made up for", async (_, invalidate) => {
    const { clock, node } = fleet();
    const [a, b] = [node("a"), node("b")];
    await b.cache.set("k", "old", { tags: ["t"] });
    await clock.advance(10);
    a.line.state = "cut";
    expect(await invalidate(a)).toBe(false);
    a.line.state = "whole";
    expect(await a.cache.get("k")).toBeUndefined();
    expect((await a.cache.getMany(["k"])).size).toBe(0);
    expect(await b.cache.get("k")).toBe("old");
    await clock.advance(1_000);
    expect(owedBy(a)).toBe(0);
    expect(await b.cache.get("k")).toBeUndefined();
  });

  test("does not meet what was written after it", async () => {
    const { clock, node } = fleet();
    const a = node("a");
    a.line.state = "cut";
    await a.cache.set("before", "old");
    await clock.advance(10);
    await a.cache.clear();
    await clock.advance(10);
    await a.cache.set("after", "new");
    expect(await a.cache.get("before")).toBeUndefined();
    expect(await a.cache.get("after")).toBe("new");
  });
});

describe("expire() while far is away", () => {
  test("makes the copy here stale, and the value in far when that is back", async () => {
    const { clock, far, node } = fleet();
    const a = node("a");
    await a.cache.set("k", "old", { staleIfError: "1h" });
    await clock.advance(10);
    a.line.state = "cut";
    await a.cache.expire("k", { staleIfError: "1h" });
    expect(await a.cache.get("k")).toBeUndefined();
    const down = (): never => {
      throw new Error("down");
    };
    expect(await a.cache.getOrSet("k", down, { staleIfError: "1h" })).toBe("old");
    a.line.state = "whole";
    await clock.advance(1_000);
    const held = await far.get(keyOf("k"));
    expect(held?.value).toBe("old");
    expect(held?.freshUntil).toBeLessThan(clock.now());
  });
});

describe("what is owed", () => {
  test("is bounded: what does not fit is covered by clearing its namespace", async () => {
    const { clock, far, node } = fleet();
    const a = node("a");
    const ids = Array.from({ length: 10_005 }, (_, at) => `k${at}`);
    await a.cache.setMany(ids.map((id) => [id, "old"] as const));
    await clock.advance(10);
    a.line.state = "cut";
    for (let from = 0; from < ids.length; from += 1_000) await a.cache.deleteMany(ids.slice(from, from + 1_000));
    expect(owedBy(a)).toBeLessThanOrEqual(10_000);
    a.line.state = "whole";
    expect((await a.cache.getMany(ids)).size).toBe(0);
    await clock.advance(2_000);
    expect(owedBy(a)).toBe(0);
    expect(await far.get(keyOf("k0"))).toBeDefined();
    const other = node("other");
    expect((await other.cache.getMany(ids)).size).toBe(0);
  });

  test("leaves no timer when the cache is closed", async () => {
    const { clock, node } = fleet();
    const a = node("a");
    a.line.state = "cut";
    await a.cache.set("k", "new");
    await a.cache.close();
    expect(clock.pending).toBe(0);
  });
});

describe("a value that was loaded while far was away", () => {
  test("is kept here until far answers, and confirmed then", async () => {
    const { clock, node } = fleet();
    const a = node("a");
    let loads = 0;
    const load = (): string => `loaded ${(loads += 1)}`;
    a.line.state = "cut";
    expect(await a.cache.getOrSet("k", load)).toBe("loaded 1");
    expect(await a.cache.getOrSet("k", load)).toBe("loaded 1");
    a.line.state = "whole";
    await clock.advance(1_000);
    await a.cache.get("other");
    expect(await a.cache.getOrSet("k", load)).toBe("loaded 2");
    expect(await a.cache.getOrSet("k", load)).toBe("loaded 2");
  });
});

describe("a message that the bus did not take", () => {
  test("is said again until it is", async () => {
    const { clock, node } = fleet();
    const hub = localHub();
    const [own, other] = [hub.bus("a"), hub.bus("b")];
    let isDown = true;
    const publish = (message: Parameters<typeof own.publish>[0]): unknown => {
      if (isDown) throw new Error("down");
      return own.publish(message);
    };
    const a = node("a", { bus: { ...own, publish: async (message) => void (await publish(message)) } });
    const b = node("b", { bus: other });
    await a.cache.set("k", "old");
    expect(await b.cache.get("k")).toBe("old");
    await a.cache.set("k", "new");
    await a.cache.clear();
    expect(await b.cache.get("k")).toBe("old");
    isDown = false;
    await clock.advance(500);
    expect(await b.cache.get("k")).toBeUndefined();
  });
});
