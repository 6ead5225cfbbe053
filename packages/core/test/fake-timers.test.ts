import { type Cache, type CacheStore, createCache, guarded, systemClock } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { afterEach, describe, expect, test, vi } from "vitest";
import { seededRandom } from "../../testkit/src/seeded.js";
import { type FakeTimersOf, fakeTimers } from "./support/fake-timers.js";
import { gate } from "./support/fixtures.js";

const never = (): Promise<string> => new Promise(() => {});

const open = (): Cache<string> => createCache<string>({ store: memoryStore(), jitter: 0 });

/** How a load ended. */
const codeOf = (load: Promise<unknown>): Promise<unknown> =>
  load.then(
    (value) => value,
    (error: { code?: string }) => error.code,
  );

afterEach(() => {
  for (const { takeOut } of fakeTimers) takeOut();
  vi.restoreAllMocks();
});

describe.each(fakeTimers)("FIELD 23, 24 (C40): fake timers of $library", (fakes) => {
  const { putIn, takeOut, pass } = fakes;

  test("move deadlines as they move the test", async () => {
    putIn();
    const cache = open();
    await cache.set("tea", "green", { ttl: "1m" });
    await pass(59_980);
    expect(await cache.get("tea")).toBe("green");
    await pass(40);
    expect(await cache.get("tea")).toBeUndefined();
  });

  test("move deadlines of what was set before they were put in", async () => {
    const cache = open();
    await cache.set("tea", "green", { ttl: "1m" });
    putIn();
    await pass(60_001);
    expect(await cache.get("tea")).toBeUndefined();
  });

  test("leave hardTimeout on once they are taken out", async () => {
    const cache = open();
    putIn();
    await cache.getOrSet("tea", () => "green");
    takeOut();
    await expect(cache.getOrSet("milk", never, { hardTimeout: 10 })).rejects.toMatchObject({ code: "LOAD_TIMEOUT" });
  });

  test("leave hardTimeout on each time they are put in again", async () => {
    const cache = open();
    for (const id of ["a", "b", "c"]) {
      putIn();
      await cache.getOrSet(id, () => "loaded");
      const load = codeOf(cache.getOrSet(`${id} never`, never, { hardTimeout: 10 }));
      await pass(20);
      expect(await load).toBe("LOAD_TIMEOUT");
      await cache.getOrSet(`${id} at last`, () => "loaded");
      takeOut();
    }
  });

  test("leave l2Timeout on once they are taken out", async () => {
    const inner = memoryStore();
    let answer: CacheStore["get"] = (key) => inner.get(key);
    const store = guarded(
      { name: "far", get: async (key) => answer(key), set: () => {}, delete: () => false },
      { timeout: 10 },
    );
    const cache = createCache<string>({ store });
    cache.on("error", () => {});
    putIn();
    await cache.get("tea");
    takeOut();
    answer = never as never;
    expect(await cache.get("tea")).toBeUndefined();
    expect(cache.stats().stores["far"]?.timeouts).toBe(1);
  });

  test("end a load that began under them, once somebody asks for anything after they were taken out", async () => {
    const cache = open();
    putIn();
    const load = codeOf(cache.getOrSet("tea", never, { hardTimeout: 10 }));
    await pass(5);
    takeOut();
    await cache.get("milk");
    expect(await load).toBe("LOAD_TIMEOUT");
  });

  test("FIELD 23: end a load that began under them, when nobody asks for anything after they were taken out", async () => {
    const cache = open();
    putIn();
    const load = codeOf(cache.getOrSet("tea", never, { hardTimeout: 100 }));
    takeOut();
    expect(await load).toBe("LOAD_TIMEOUT");
  });

  test("FIELD 23: end a load under the third set of them, when nobody asks for anything after these were taken out", async () => {
    const cache = open();
    const loads: Promise<unknown>[] = [];
    for (const id of ["a", "b", "c"]) {
      putIn();
      loads.push(codeOf(cache.getOrSet(id, never, { hardTimeout: 100 })));
      await pass(1);
      takeOut();
    }
    expect(await Promise.all(loads)).toEqual(["LOAD_TIMEOUT", "LOAD_TIMEOUT", "LOAD_TIMEOUT"]);
  });

  test("end a load that began before them", async () => {
    const cache = open();
    const load = codeOf(cache.getOrSet("tea", never, { hardTimeout: "1h" }));
    putIn();
    await cache.get("milk");
    await pass(3_600_100);
    expect(await load).toBe("LOAD_TIMEOUT");
  });

  test("keep what is loaded while they are put in and taken out", async () => {
    const cache = open();
    const loading = gate<string>();
    const load = cache.getOrSet("tea", () => loading.promise);
    putIn();
    await pass(100);
    takeOut();
    loading.open("green");
    expect(await load).toBe("green");
    expect(await cache.get("tea")).toBe("green");
  });

  test("do not stand in a module that was loaded under them", async () => {
    putIn();
    vi.resetModules();
    const core = await import("../src/index.js");
    const memory = await import("../../memory/src/index.js");
    const cache = core.createCache<string>({ store: memory.memoryStore(), jitter: 0 });
    await cache.set("tea", "green", { ttl: 10 });
    takeOut();
    await expect(cache.getOrSet("milk", never, { hardTimeout: 20 })).rejects.toMatchObject({ code: "LOAD_TIMEOUT" });
    expect(await cache.get("tea")).toBeUndefined();
  });

  test("say nothing about timers that they did not make", async () => {
    const warned = vi.spyOn(console, "warn").mockClear();
    const cache = open();
    const loading = gate<string>();
    const armed = vi.spyOn(globalThis, "setTimeout");
    const load = cache.getOrSet("tea", () => loading.promise, { hardTimeout: "1m" });
    await vi.waitFor(() => expect(armed.mock.calls.some(([, ms]) => Number(ms) > 50_000)).toBe(true));
    armed.mockRestore();
    putIn();
    loading.open("green");
    await load;
    takeOut();
    expect(warned).not.toHaveBeenCalled();
  });
});

describe.each(fakeTimers)("C40: fake timers of $library", ({ putIn, takeOut }) => {
  test("let reads and loads of memory end while their clock stands still", async () => {
    putIn();
    const cache = open();
    expect(await cache.getOrSet("tea", async () => "green")).toBe("green");
    expect(await cache.get("tea")).toBe("green");
    expect((await cache.getOrSetMany(["tea", "milk"], async (ids) => ids.map(String))).size).toBe(2);
    takeOut();
  });
});

test.each(fakeTimers)("fake timers of $library leave the runner of the tests its nextTick", ({ putIn, takeOut }) => {
  const { nextTick } = process;
  putIn();
  const under = process.nextTick;
  takeOut();
  expect(under).toBe(nextTick);
});

test("C40: a half-open breaker does not wait for a timer that was taken out", async () => {
  vi.useFakeTimers();
  let isDown = true;
  const get = async (): Promise<undefined> => {
    if (isDown) throw new Error("down");
  };
  const far = { name: "far", get, set: () => {}, delete: () => false };
  const cache = createCache<string>({ store: guarded(far, { breaker: { failures: 1, halfOpenAfter: 10 } }) });
  cache.on("error", () => {});
  const closed = new Promise((resolve) => cache.on("breaker", ({ state }) => state === "closed" && resolve(state)));
  await cache.get("tea");
  vi.useRealTimers();
  isDown = false;
  await cache.get("tea");
  expect(await closed).toBe("closed");
});

/** One promise of the cache, held to whatever the timers are at the moment. */
type Check = (run: Run) => Promise<void>;

interface Run {
  readonly cache: Cache<string>;
  readonly id: string;
  /** Puts timers in, or takes them out, or does neither. */
  swap(): void;
  /** Lets at least `ms` pass, unless it is the machine's time that passes by itself. */
  pass(ms: number): Promise<void>;
  /** Whether the test has the time in its hands, and had it from the beginning of this check. */
  readonly isFaked: () => boolean;
}

const checks: Readonly<Record<string, Check>> = {
  async ttl({ cache, id, pass, isFaked }) {
    await cache.set(id, "set", { ttl: "1m" });
    expect(await cache.get(id)).toBe("set");
    await pass(60_001);
    if (isFaked()) expect(await cache.get(id)).toBeUndefined();
  },
  async staleWhileRevalidate({ cache, id, swap }) {
    const loading = gate<string>();
    await cache.set(id, "old");
    await cache.expire(id, { staleIfError: "1h" });
    expect(await cache.getOrSet(id, () => loading.promise, { staleWhileRevalidate: "1h" })).toBe("old");
    const loaded = new Promise<void>((resolve) => cache.on("load", ({ key }) => key.endsWith(`:${id}`) && resolve()));
    swap();
    loading.open("new");
    await loaded;
    expect(await cache.getOrSet(id, () => "unasked")).toBe("new");
  },
  async hardTimeout({ cache, id, swap, pass }) {
    const load = codeOf(cache.getOrSet(id, never, { hardTimeout: 10 }));
    swap();
    await cache.get("anything");
    await pass(40);
    expect(await load).toBe("LOAD_TIMEOUT");
  },
  async softTimeout({ cache, id, swap, pass }) {
    await cache.set(id, "old");
    await cache.expire(id, { staleIfError: "1h" });
    const served = cache.getOrSet(id, never, { softTimeout: 10, staleIfError: "1h", hardTimeout: 5_000 });
    swap();
    await cache.get("anything");
    await pass(40);
    expect(await served).toBe("old");
  },
  async l2Timeout({ id, swap, pass }) {
    const far = { name: "far", get: never as never, set: () => {}, delete: () => false };
    const cache = createCache<string>({ store: guarded(far, { timeout: 10 }) });
    cache.on("error", () => {});
    const read = cache.get(id);
    swap();
    const another = cache.get(id);
    await pass(60);
    expect([await read, await another]).toEqual([undefined, undefined]);
    await cache.close();
  },
};

describe("C40: fake timers that come and go at random moments", () => {
  test.each([1, 2, 3, 4])("leave every limit on, by seed %i", async (seed) => {
    const random = seededRandom(seed);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
    const cache = open();
    let current: FakeTimersOf | undefined;
    const seen = new Set<string>();
    for (let step = 0; step < 60; step += 1) {
      let isFaked = current !== undefined;
      const swap = (): void => {
        if (random() < 0.5) return;
        isFaked = false;
        current?.takeOut();
        current = random() < 0.6 ? pick(fakeTimers) : undefined;
        current?.putIn();
      };
      const pass = async (ms: number): Promise<void> => current?.pass(ms);
      const name = pick(Object.keys(checks));
      seen.add(`${name} ${current?.library ?? "real"}`);
      await checks[name]?.({ cache, id: `${name} ${step}`, swap, pass, isFaked: () => isFaked });
      swap();
    }
    current?.takeOut();
    await cache.close();
    expect(seen.size).toBeGreaterThan(10);
  });
});

test("C40: no time goes by twice: the machine's clock is followed to the millisecond", () => {
  for (let reads = 0; reads < 1_000; reads += 1) {
    const before = Date.now();
    const now = systemClock.now();
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
  }
});
