import {
  type Attempt,
  type BreakerState,
  type Cache,
  type CacheEntry,
  CacheError,
  type CacheStore,
  createCache,
  type GuardOptions,
  guarded,
  isCacheError,
} from "@granary/core";
import { memoryStore } from "@granary/memory";
import { farStore, faultyStore, type ManualClock, manualClock, nextTurn } from "@granary/testkit";
import { describe, expect, it } from "vitest";
import { type WaywardStore, waywardStore } from "./support/wayward-store.js";

interface Guarded {
  readonly clock: ManualClock;
  readonly wayward: WaywardStore;
  readonly cache: Cache<number>;
  readonly errors: unknown[];
  readonly states: BreakerState[];
}

function open(options?: GuardOptions): Guarded {
  const clock = manualClock();
  const wayward = waywardStore(farStore({ clock }).connect());
  const store = options === undefined ? wayward.store : guarded(wayward.store, options);
  const cache = createCache<number>({ store, jitter: false });
  const [errors, states]: [unknown[], BreakerState[]] = [[], []];
  cache.on("error", ({ error }) => errors.push(error));
  cache.on("breaker", ({ state }) => states.push(state));
  return { clock, wayward, cache, errors, states };
}

const ENTRY: CacheEntry = { value: 1, createdAt: 0, freshUntil: 1e15, keepUntil: 1e15 };
const LATE = expect.objectContaining({ code: "STORE_TIMEOUT" });

/** Five failures in a row. */
async function fail({ cache }: Guarded): Promise<void> {
  for (const id of [1, 2, 3, 4, 5]) await cache.get(id);
}

describe("a call that is not answered", () => {
  it("is a miss after 250 ms, and not before", async () => {
    const { clock, wayward, cache, errors } = open();
    wayward.mood = "hangs";
    let answer: unknown = "none yet";
    void cache.get("a").then((found) => {
      answer = found;
    });
    await clock.advance(249);
    expect(answer).toBe("none yet");
    await clock.advance(1);
    expect(answer).toBeUndefined();
    expect(errors).toEqual([LATE]);
    expect(cache.stats()).toMatchObject({ errors: 1, stores: { wayward: { timeouts: 1, pending: 1, failures: 1 } } });
  });

  it("costs a cold key one wait, not another one for the right to load", async () => {
    const { clock, wayward, cache } = open();
    wayward.mood = "hangs";
    let answer: number | undefined;
    void cache
      .getOrSet("a", () => 1)
      .then((value) => {
        answer = value;
      });
    await clock.advance(250);
    expect(answer).toBe(1);
  });

  it("may take longer where it is for thousands of keys", async () => {
    const { clock, wayward, cache } = open();
    wayward.mood = "hangs";
    let isOver = false;
    void cache.getMany(Array.from({ length: 2_500 }, (_, id) => id)).then(() => {
      isOver = true;
    });
    await clock.advance(749);
    expect(isOver).toBe(false);
    await clock.advance(1);
    expect(isOver).toBe(true);
  });

  it("may take longer where it is one of thousands at once", async () => {
    const { clock, wayward, cache } = open();
    wayward.mood = "hangs";
    let over = 0;
    for (let id = 0; id < 2_500; id += 1) void cache.get(id).then(() => (over += 1));
    await clock.advance(749);
    expect(over).toBe(0);
    await clock.advance(1);
    expect(over).toBe(2_500);
  });

  it("is in time where its answer and its deadline come in one turn, as after a stall of the event loop", async () => {
    const { clock, wayward, cache, errors } = open();
    await cache.set("a", 1);
    wayward.mood = "hangs";
    const reading = cache.get("a");
    await clock.advance(0);
    clock.after(250, () => wayward.answerAll());
    await clock.advance(250);
    expect(await reading).toBe(1);
    expect(errors).toEqual([]);
  });

  it("is answered late without a word, and the answer is dropped", async () => {
    const { clock, wayward, cache, errors } = open();
    wayward.mood = "hangs";
    const reading = cache.get("a");
    await clock.advance(250);
    await reading;
    wayward.answerAll();
    await nextTurn();
    expect(errors).toHaveLength(1);
    expect(cache.stats().stores["wayward"]).toMatchObject({ pending: 0 });
  });

  it("ends a walk", async () => {
    const { clock, wayward, cache, errors } = open();
    await cache.set("a", 1);
    wayward.mood = "hangs";
    const walking = cache.invalidatePattern("*");
    await clock.advance(250);
    expect(await walking).toBe(0);
    expect(errors).toEqual([LATE]);
  });

  it("is cut off when the cache is closed, and leaves no timer", async () => {
    const { clock, wayward, cache } = open();
    wayward.mood = "hangs";
    const reading = cache.get("a");
    await nextTurn();
    await cache.close();
    expect(await reading).toBeUndefined();
    expect(clock.pending).toBe(0);
  });
});

describe("the circuit breaker", () => {
  it("opens on five failures in a row, and then nothing is asked", async () => {
    const guard = open();
    guard.wayward.mood = "rejects";
    await fail(guard);
    expect(guard.states).toEqual(["open"]);
    expect(guard.wayward.calls).toBe(5);
    expect(await guard.cache.getOrSet("a", () => 1)).toBe(1);
    expect(await guard.cache.set("a", 1)).toBe(false);
    expect(guard.wayward.calls).toBe(5);
    // What was not asked has not failed: the five failures are told, and what came after is counted.
    expect(guard.errors).toHaveLength(5);
    expect(guard.cache.stats().stores["wayward"]?.refused).toBeGreaterThanOrEqual(2);
  });

  it("stays closed where an answer comes in between", async () => {
    const guard = open();
    for (const mood of ["rejects", "answers", "rejects"] as const) {
      guard.wayward.mood = mood;
      for (const id of [1, 2, 3, 4]) await guard.cache.get(id);
    }
    expect(guard.states).toEqual([]);
    expect(guard.wayward.calls).toBe(12);
  });

  it("lets nobody wait who waits already when it opens", async () => {
    const guard = open();
    guard.wayward.mood = "hangs";
    const early = [1, 2, 3, 4, 5].map((id) => guard.cache.get(id));
    await guard.clock.advance(100);
    let isOver = false;
    void guard.cache.get(6).then(() => {
      isOver = true;
    });
    await guard.clock.advance(150);
    await Promise.all(early);
    expect(guard.states).toEqual(["open"]);
    expect(isOver).toBe(true);
  });

  it("is half-open after a second, for one probe that no reader waits for, and closes when that is answered", async () => {
    const guard = open();
    guard.wayward.mood = "rejects";
    await fail(guard);
    await guard.clock.advance(999);
    expect(guard.wayward.calls).toBe(5);
    guard.wayward.mood = "hangs";
    await guard.clock.advance(1);
    expect(guard.wayward.calls).toBe(6);
    expect(await guard.cache.get("a")).toBeUndefined();
    expect(guard.wayward.calls).toBe(6);
    guard.wayward.mood = "answers";
    guard.wayward.answerAll();
    await nextTurn();
    expect(guard.states).toEqual(["open", "half-open", "closed"]);
    await guard.cache.set("a", 1);
    expect(await guard.cache.get("a")).toBe(1);
  });

  it("opens again for a second when the probe fails", async () => {
    const guard = open();
    guard.wayward.mood = "rejects";
    await fail(guard);
    await guard.clock.advance(3_000);
    expect(guard.wayward.calls).toBe(8);
    expect(guard.states).toEqual(["open", "half-open", "open", "half-open", "open", "half-open", "open"]);
  });

  it("probes at once when what was given up is answered after all", async () => {
    const guard = open();
    guard.wayward.mood = "hangs";
    const reads = [1, 2, 3, 4, 5].map((id) => guard.cache.get(id));
    await guard.clock.advance(250);
    await Promise.all(reads);
    guard.wayward.mood = "answers";
    guard.wayward.answerAll();
    await nextTurn();
    expect(guard.states).toEqual(["open", "half-open", "closed"]);
  });

  it("does not take an entry that cannot be read for a failure", async () => {
    const clock = manualClock();
    const store = { ...farStore({ clock }).connect(), get: async () => Promise.reject(unreadable()) };
    const cache = createCache<number>({ store });
    const states: BreakerState[] = [];
    cache.on("breaker", ({ state }) => states.push(state));
    cache.on("error", () => {});
    for (const id of [1, 2, 3, 4, 5, 6]) await cache.get(id);
    expect(cache.stats()).toMatchObject({ errors: 6 });
    expect(states).toEqual([]);
  });

  it("leaves no timer when the cache is closed", async () => {
    const guard = open();
    guard.wayward.mood = "rejects";
    await fail(guard);
    await guard.cache.close();
    expect(guard.clock.pending).toBe(0);
  });

  it("is not there where nobody wants it", async () => {
    const guard = open({ breaker: false });
    guard.wayward.mood = "rejects";
    await fail(guard);
    await fail(guard);
    expect(guard.wayward.calls).toBe(10);
  });
});

function unreadable(): Error {
  return Object.assign(new Error("garbage"), { name: "CacheError", code: "UNREADABLE" });
}

describe("a guard", () => {
  it("takes other limits, for one store", async () => {
    const guard = open({ timeout: "1s", breaker: { failures: 1, halfOpenAfter: "5s" } });
    guard.wayward.mood = "hangs";
    const reading = guard.cache.get("a");
    await guard.clock.advance(999);
    expect(guard.states).toEqual([]);
    await guard.clock.advance(1);
    await reading;
    expect(guard.states).toEqual(["open"]);
    await guard.clock.advance(4_999);
    expect(guard.wayward.calls).toBe(1);
    await guard.clock.advance(1);
    expect(guard.wayward.calls).toBe(2);
  });

  it("asks no more when 20,000 calls have no answer", async () => {
    const guard = open({ timeout: Number.POSITIVE_INFINITY });
    guard.wayward.mood = "hangs";
    const reads = Array.from({ length: 20_001 }, (_, id) => guard.cache.get(id));
    expect(await reads.at(-1)).toBeUndefined();
    expect(guard.wayward.calls).toBe(20_000);
    expect(guard.cache.stats().stores["wayward"]).toMatchObject({ pending: 20_000, refused: 1 });
  });

  it("FIELD 27, C45: tells once a second that calls are refused, and counts each", async () => {
    const guard = open({ timeout: Number.POSITIVE_INFINITY });
    const told: string[] = [];
    guard.cache.on("error", ({ operation, error }) => told.push(`${operation} ${isCacheError(error) && error.code}`));
    guard.wayward.mood = "hangs";
    const reads = Array.from({ length: 20_010 }, (_, id) => guard.cache.get(id));
    await reads.at(-1);
    expect(told).toEqual(["refused STORE_UNAVAILABLE"]);
    await guard.clock.advance(1_000);
    await Promise.all([guard.cache.get("a"), guard.cache.get("b")]);
    expect(told).toEqual(["refused STORE_UNAVAILABLE", "refused STORE_UNAVAILABLE"]);
    expect(guard.cache.stats().stores["wayward"]).toMatchObject({ refused: 12 });
  });

  it("is not put around a store in this process", async () => {
    const cache = createCache({ store: memoryStore() });
    expect(cache.stats().stores).toEqual({});
  });

  it.each([
    ["timeout", { timeout: "soon" }],
    ["breaker.failures", { breaker: { failures: 0 } }],
    ["breaker.halfOpenAfter", { breaker: { halfOpenAfter: -1 } }],
  ] as const)("refuses what %s cannot be", (option, options) => {
    const store = farStore().connect();
    expect(() => guarded(store, options as GuardOptions)).toThrow(
      expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringContaining(`${option}:`) }),
    );
  });
});

describe("a guard that was closed", () => {
  const clock = manualClock();
  const closed = async (mood: WaywardStore["mood"]) => {
    const wayward = waywardStore(farStore({ clock }).connect());
    const store = guarded(wayward.store, { clock });
    wayward.mood = mood;
    const before = Array.from({ length: 5 }, async () => store.get("a"));
    if (mood === "rejects") await Promise.allSettled(before);
    await store.close?.();
    await Promise.allSettled(before);
    return { store, wayward };
  };

  it.each(["hangs", "rejects"] as const)(
    "asks nothing any more, and leaves no timer, where its store %s",
    async (mood) => {
      const { store, wayward } = await closed(mood);
      const { calls } = wayward;
      // What was under way when the cache was closed goes on with its next step, such as asking for a lease.
      const after = Array.from({ length: 10 }, async () => store.get("a"));
      const ended = Promise.allSettled(after);
      await clock.advance(0);
      expect(clock.pending).toBe(0);
      for (const { reason } of (await ended) as PromiseRejectedResult[])
        expect(reason).toMatchObject({ code: "CLOSED" });
      await clock.advance(5_000);
      expect([clock.pending, wayward.calls]).toEqual([0, calls]);
    },
  );

  it("does not ask again whether the store is back when an answer comes late", async () => {
    const wayward = waywardStore(farStore({ clock }).connect());
    const store = guarded(wayward.store, { clock });
    wayward.mood = "hangs";
    const before = Promise.allSettled(Array.from({ length: 5 }, async () => store.get("a")));
    await clock.advance(250);
    await before;
    await store.close?.();
    wayward.answerAll();
    await clock.advance(5_000);
    expect([clock.pending, wayward.calls]).toEqual([0, 5]);
  });
});

describe("a lease whose answer was lost", () => {
  it("is given back, so that another node need not wait for its end", async () => {
    const clock = manualClock();
    const far = farStore({ clock });
    const { store, faults } = faultyStore(far.connect());
    const [cache, other] = [createCache<number>({ store }), createCache<number>({ store: far.connect() })];
    cache.on("error", () => {});
    faults.inject({ type: "reject", verbs: ["leases.acquire"], at: "answer", times: 1 });
    expect(await cache.getOrSet("a", () => 1)).toBe(1);
    expect(await other.getOrSet("a", () => 2)).toBe(2);
  });
});

describe("a store that answers null for what is absent", () => {
  it.each(["admits", "is judged"])("is told, and its readers find nothing, where it %s", async (kind) => {
    const absent = async () => null as never;
    const store: CacheStore = {
      ...(kind === "admits" && { admits: true as const }),
      name: "null",
      get: absent,
      set: () => {},
      delete: () => false,
      many: {
        get: async (keys) => keys.map(() => null as never),
        set: () => {},
        delete: (keys) => keys.map(() => false),
      },
    };
    const cache = createCache<number>({ store });
    const errors: unknown[] = [];
    cache.on("error", ({ error }) => errors.push(error));
    expect(await cache.get("a")).toBeUndefined();
    expect(await cache.getMany(["a", "b"])).toEqual(new Map());
    expect(await cache.getOrSetMany(["a"], () => [1])).toEqual(new Map([["a", 1]]));
    expect(errors.length).toBeGreaterThan(0);
  });
});

describe("a soft timeout", () => {
  it("counts what the look at the store has taken", async () => {
    const { clock, wayward, cache } = open();
    const policy = { ttl: "1s", staleIfError: "1h", softTimeout: "200ms" } as const;
    await cache.set("a", 1, policy);
    await clock.advance(1_000);
    wayward.mood = "hangs";
    let answer: number | undefined;
    void cache
      .getOrSet("a", () => new Promise<number>(() => {}), policy)
      .then((value) => {
        answer = value;
      });
    await clock.advance(150);
    wayward.mood = "answers";
    wayward.answerAll();
    await clock.advance(49);
    expect(answer).toBeUndefined();
    await clock.advance(1);
    expect(answer).toBe(1);
  });
});

describe("a write that is not answered in time", () => {
  /** A far store that answers no write, and tells what becomes of the attempts. */
  function deafStore() {
    const attempts: Attempt[] = [];
    const told: string[] = [];
    const hang = (attempt: Attempt | undefined): Promise<never> => {
      if (attempt === undefined) throw new Error("A guard tells of each write when it is given up.");
      attempts.push(attempt);
      attempt.onGiveUp(() => told.push(attempt.isGivenUp ? "given up" : "told too early"));
      return new Promise(() => {});
    };
    const clock = manualClock();
    const far = farStore({ clock }).connect();
    const { many } = far;
    const store: CacheStore = {
      ...far,
      set: (_key, _entry, options) => hang(options?.attempt),
      ...(many !== undefined && { many: { ...many, set: (_entries, options) => hang(options?.attempt) } }),
    };
    return { store, clock, attempts, told };
  }

  it.each([
    [undefined, 250],
    [{ timeout: "1s" }, 1_000],
  ] as const)("is told that it is given up, and not before, with %o", async (options, ms) => {
    const { store, clock, attempts, told } = deafStore();
    const cache = createCache<number>({ store: options === undefined ? store : guarded(store, options), clock });
    cache.on("error", () => {});
    const writes = [cache.set("a", 1), cache.setMany([["b", 2]])];
    await nextTurn();
    await clock.advance(ms - 1);
    expect([attempts.length, told]).toEqual([2, []]);
    await clock.advance(1);
    expect(await Promise.all(writes)).toEqual([false, false]);
    expect(told).toEqual(["given up", "given up"]);
  });

  it.each(["breaker", "close"] as const)("is given up too by the end of all waits: %s", async (end) => {
    const { store, told } = deafStore();
    const guard = guarded({ ...store, get: () => Promise.reject(new Error("down")) }, { timeout: "1h" });
    const write = Promise.resolve(guard.set("k", ENTRY)).catch((error: unknown) => error);
    await nextTurn();
    expect(told).toEqual([]);
    const read = async (): Promise<unknown> => guard.get("k");
    if (end === "close") await guard.close?.();
    else for (let count = 0; count < 5; count += 1) await read().catch(() => {});
    expect(await write).toMatchObject({ code: end === "breaker" ? "STORE_UNAVAILABLE" : "CLOSED" });
    expect(told).toEqual(["given up"]);
  });

  it("nor a question for a lease: that is given back behind it", async () => {
    const { clock, ...far } = { ...farStore().connect(), clock: manualClock() };
    const { leases } = far;
    if (leases === undefined) throw new Error("farStore gives leases.");
    const released: string[] = [];
    const store: CacheStore = {
      ...far,
      clock,
      leases: {
        ...leases,
        acquire: () => new Promise(() => {}),
        release: (key, token) => void released.push(`${key} ${token}`),
      },
    };
    const asked = Promise.resolve(guarded(store).leases?.acquire("k", "token")).catch((error: unknown) => error);
    await nextTurn();
    await clock.advance(249);
    expect(released).toEqual([]);
    await clock.advance(1);
    expect(await asked).toMatchObject({ code: "STORE_TIMEOUT" });
    expect(released).toEqual(["k token"]);
  });

  it("that is answered is given up by nobody", async () => {
    const { clock, wayward, cache } = open();
    const { set } = wayward.store;
    const attempts: (Attempt | undefined)[] = [];
    const store: CacheStore = {
      ...wayward.store,
      set: (key, entry, options) => {
        attempts.push(options?.attempt);
        return set(key, entry, options);
      },
    };
    const other = createCache<number>({ store, clock });
    expect(await other.set("a", 1)).toBe(true);
    await clock.advance(10_000);
    expect(attempts.map((attempt) => attempt?.isGivenUp)).toEqual([false]);
    await cache.close();
  });
});

describe("a store that does not take one change", () => {
  it("has answered: its breaker stays closed", async () => {
    const store: CacheStore = {
      ...farStore().connect(),
      set: () => Promise.reject(new CacheError("STORE_REFUSED", "This is too large.")),
    };
    const cache = createCache<number>({ store });
    const codes: unknown[] = [];
    cache.on("error", ({ error }) => codes.push((error as CacheError).code));
    for (let count = 0; count < 6; count += 1) expect(await cache.set("a", 1)).toBe(false);
    expect(codes).toEqual(Array.from({ length: 6 }, () => "STORE_REFUSED"));
    expect(cache.stats().stores["far"]).toMatchObject({ state: "closed", failures: 0 });
  });
});

describe("an entry whose generations cannot be read", () => {
  it("is given to nobody, not even because a load fails", async () => {
    const kept = new Map<string, CacheEntry>();
    let isDown = false;
    const store: CacheStore = {
      name: "three verbs",
      get: async (key) => {
        if (isDown && key.includes(":generation:")) throw new Error("down");
        return kept.get(key);
      },
      set: async (key, entry) => void kept.set(key, entry),
      delete: async (key) => kept.delete(key),
    };
    const cache = createCache<number>({ store, staleIfError: "1h" });
    cache.on("error", () => {});
    await cache.set("a", 1, { tags: ["t"] });
    expect(await cache.get("a")).toBe(1);
    isDown = true;
    await expect(cache.getOrSet("a", () => Promise.reject(new Error("no origin")))).rejects.toThrow("no origin");
    isDown = false;
    expect(await cache.get("a")).toBe(1);
  });
});
