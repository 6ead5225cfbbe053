import { type CacheEventName, type CacheEvents, createCache, type LoadMany, warmUp } from "@granary/core";
import { nextTurn } from "@granary/testkit";
import { describe, expect, it, vi } from "vitest";
import { complaintsDuring } from "../../../test/support/complaints.js";
import { gate, stillCache } from "./support/fixtures.js";

const down = new Error("down");

describe("C44: what the process complains of", () => {
  it("is seen by this test", async () => {
    const complaints = await complaintsDuring(async () => {
      void Promise.reject(down);
      process.emitWarning("careful");
    });
    expect(complaints).toHaveLength(2);
    expect(complaints).toContain(down);
  });
});

describe("FIELD 33: a batch beside a load that fails first", () => {
  const batches: ReadonlyArray<readonly [string, LoadMany<number>]> = [
    ["fails later", () => Promise.reject(down)],
    ["succeeds", (ids) => ids.map(() => 1)],
  ];

  it.each(batches)("rejects as the load did, and leaves nothing unhandled: the batch %s", async (_, loadMany) => {
    const complaints = await complaintsDuring(async () => {
      const { cache } = stillCache<number>();
      const [single, many] = [gate<number>(), gate()];
      const failing = cache.getOrSet("a", () => single.promise);
      const batch = cache.getOrSetMany(["a", "b"], async (ids, context) => {
        await many.promise;
        return loadMany(ids, context);
      });
      failing.catch(() => undefined);
      single.break(down);
      await nextTurn();
      await nextTurn();
      many.open();
      await expect(batch).rejects.toBe(down);
    });
    expect(complaints).toEqual([]);
  });

  it("leaves nothing unhandled where the load fails while the other ids are still read", async () => {
    const complaints = await complaintsDuring(async () => {
      const [read, single] = [gate(), gate<number>()];
      const get = async (key: string): Promise<undefined> =>
        key.endsWith("b") ? read.promise.then(() => undefined) : undefined;
      const cache = createCache<number>({ store: { name: "slow", get, set: () => {}, delete: () => false } });
      const failing = cache.getOrSet("a", () => single.promise);
      await nextTurn();
      const batch = cache.getOrSetMany(["a", "b"], (ids) => ids.map(() => 1));
      single.break(down);
      await expect(failing).rejects.toBe(down);
      await nextTurn();
      read.open();
      await expect(batch).rejects.toBe(down);
    });
    expect(complaints).toEqual([]);
  });

  it("leaves nothing unhandled where its caller leaves while a look of another batch fails", async () => {
    const complaints = await complaintsDuring(async () => {
      const leaving = new AbortController();
      const look = gate();
      const get = async (): Promise<never> => {
        await look.promise;
        throw down;
      };
      const cache = createCache<number>({ store: { name: "slow", get, set: () => {}, delete: () => false } });
      cache.on("error", () => undefined);
      const load = (ids: readonly unknown[]): number[] => ids.map(() => 1);
      const one = cache.getOrSetMany(["a", "b"], load);
      const other = cache.getOrSetMany(["b", "a"], load, { signal: leaving.signal });
      leaving.abort(down);
      await expect(other).rejects.toBe(down);
      look.open();
      expect((await one).size).toBe(2);
    });
    expect(complaints).toEqual([]);
  });
});

describe("FIELD 34: a listener that is async", () => {
  const EVENTS: ReadonlyArray<Exclude<CacheEventName, "error">> = ["hit", "miss", "load", "set", "delete", "clear"];
  const angry = thenable(() => {
    throw down;
  });
  const trapped = thenable();
  const listeners: ReadonlyArray<readonly [string, () => unknown]> = [
    ["rejects", () => Promise.reject(down)],
    ["gives a thenable that throws", () => angry],
    ["gives an object whose then cannot be read", () => trapped],
    ["gives a thenable that rejects", () => thenable((_, fail) => fail(down))],
  ];

  it.each(listeners)("and %s breaks nothing, and becomes an error event", async (_, listener) => {
    const errors: CacheEvents["error"][] = [];
    const complaints = await complaintsDuring(async () => {
      const { cache } = stillCache<number>();
      cache.on("error", (event) => errors.push(event));
      for (const name of EVENTS) cache.on(name, listener as () => void);
      expect(await cache.getOrSet("a", () => 1)).toBe(1);
      expect(await cache.get("a")).toBe(1);
      await cache.set("a", 2);
      await cache.delete("a");
      await cache.clear();
    });
    expect(complaints).toEqual([]);
    expect(new Set(errors.map(({ operation }) => operation))).toEqual(
      new Set(EVENTS.map((name) => `listener of "${name}"`)),
    );
    expect(new Set(errors.map(({ error }) => error))).toEqual(new Set([down]));
  });

  it("of errors, and rejects, is told to the console once", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const complaints = await complaintsDuring(async () => {
      const cache = createCache<number>({
        store: { name: "broken", get: () => Promise.reject(down), set: () => {}, delete: () => false },
      });
      cache.on("error", (() => Promise.reject(down)) as () => void);
      await cache.get("a");
      await cache.get("b");
      await nextTurn();
    });
    expect(complaints).toEqual([]);
    expect(warn).toHaveBeenCalledTimes(1);
    warn.mockRestore();
  });
});

describe("FIELD 34: a callback of progress that is async and rejects", () => {
  const onProgress = (() => Promise.reject(down)) as () => void;

  it("ends the call that it belongs to", async () => {
    const complaints = await complaintsDuring(async () => {
      const { cache } = stillCache<number>();
      const loadMany: LoadMany<number> = (ids) => ids.map(() => 1);
      await expect(warmUp(cache, ["a", "b", "c"], { loadMany, batchSize: 1, onProgress })).rejects.toBe(down);
      await expect(cache.invalidatePattern("*", { onProgress })).rejects.toBe(down);
    });
    expect(complaints).toEqual([]);
  });
});

describe("FIELD 35 / C46: one signal for many calls", () => {
  it("has one listener at most, and none when they have ended", async () => {
    const counts: number[] = [];
    const complaints = await complaintsDuring(async () => {
      const { cache } = stillCache<number>();
      const { signal } = new AbortController();
      const listening = countListeners(signal);
      const origin = gate<number>();
      const singles = Array.from({ length: 100 }, (_, id) => cache.getOrSet(id, () => origin.promise, { signal }));
      const batches = Array.from({ length: 20 }, (_, at) =>
        cache.getOrSetMany([at, `other ${at}`], async (ids) => ids.map(() => 1), { signal }),
      );
      await nextTurn();
      counts.push(listening());
      origin.open(1);
      await Promise.all([...singles, ...batches]);
      await nextTurn();
      counts.push(listening());
    });
    expect(complaints).toEqual([]);
    expect(counts).toEqual([1, 0]);
  });

  it("ends all of them when it aborts, and those that come later at once", async () => {
    const { cache } = stillCache<number>();
    const controller = new AbortController();
    const { signal } = controller;
    const never = new Promise<number>(() => {});
    const calls = Array.from({ length: 30 }, (_, id) => cache.getOrSet(id, () => never, { signal }));
    const batch = cache.getOrSetMany(["a", "b"], () => never.then(() => []), { signal });
    await nextTurn();
    controller.abort(down);
    const ended = await Promise.allSettled([...calls, batch, cache.getOrSet("late", () => 1, { signal })]);
    expect(ended.every((one) => one.status === "rejected" && one.reason === down)).toBe(true);
  });
});

/** An object with that `then`; without one, reading it throws. */
function thenable(then?: (resolve: unknown, reject: (error: unknown) => void) => void): object {
  const get = (_: object, name: PropertyKey): unknown => {
    if (name !== "then") return undefined;
    if (then === undefined) throw down;
    return then;
  };
  return new Proxy({}, { get });
}

/** How many listeners of "abort" the signal has at this moment. */
function countListeners(signal: AbortSignal): () => number {
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  const listeners = new Set<unknown>();
  signal.addEventListener = ((name: "abort", listener: () => void, options?: AddEventListenerOptions) => {
    listeners.add(listener);
    add(name, listener, options);
  }) as typeof signal.addEventListener;
  signal.removeEventListener = ((name: "abort", listener: () => void) => {
    listeners.delete(listener);
    remove(name, listener);
  }) as typeof signal.removeEventListener;
  return () => listeners.size;
}
