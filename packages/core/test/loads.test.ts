import { type Duration, isCacheError, type LoadContext } from "@granary/core";
import { nextTurn } from "@granary/testkit";
import { describe, expect, it } from "vitest";
import { gate, stillCache } from "./support/fixtures.js";

const down = new Error("origin down");

describe("a loader that fails", () => {
  it("gives every waiter the same error, stores nothing and leaves no flight", async () => {
    const { cache, clock } = stillCache<number>();
    const failing = gate<number>();
    let loads = 0;
    const load = (): Promise<number> => {
      loads += 1;
      return failing.promise;
    };
    const callers = Array.from({ length: 20 }, () => cache.getOrSet("a", load));
    const failures = Promise.allSettled(callers);
    await nextTurn();
    failing.break(down);
    for (const failure of await failures) expect(failure).toEqual({ status: "rejected", reason: down });
    expect(loads).toBe(1);
    expect(await cache.has("a")).toBe(false);
    expect(await cache.getOrSet("a", () => 2)).toBe(2);
    await clock.advance(0);
    expect(clock.pending).toBe(0);
  });

  it.each([
    [
      "throws at once",
      () => {
        throw down;
      },
    ],
    ["rejects", () => Promise.reject(down)],
    ["calls fail()", ({ fail }: LoadContext<number>) => fail(down)],
  ])("%s, and its own error reaches the caller", async (_, load) => {
    const { cache } = stillCache<number>();
    await expect(cache.getOrSet("a", load)).rejects.toBe(down);
  });

  it("with something that is no error gets a clear one", async () => {
    const { cache } = stillCache<number>();
    await expect(cache.getOrSet("a", ({ fail }) => fail("nope"))).rejects.toMatchObject({ code: "LOAD_FAILED" });
    await expect(cache.getOrSet("a", () => Promise.reject(undefined))).rejects.toBeUndefined();
  });

  it("for an hour of outage under load costs one attempt per retryAfter, and no caller an error", async () => {
    const { cache, clock } = stillCache<number>({ ttl: "1s", staleIfError: "1h", retryAfter: "10s" });
    await cache.getOrSet("a", () => 1);
    await clock.advance(1_000);
    let [attempts, errors, answers] = [0, 0, 0];
    for (let second = 0; second < 60; second += 1) {
      for (let caller = 0; caller < 20; caller += 1) {
        const load = (): Promise<number> => {
          attempts += 1;
          return Promise.reject(down);
        };
        await cache.getOrSet("a", load).then(
          () => (answers += 1),
          () => (errors += 1),
        );
      }
      await clock.advance(1_000);
    }
    expect(errors).toBe(0);
    expect(answers).toBe(1_200);
    expect(attempts).toBeGreaterThan(1);
    expect(attempts).toBeLessThanOrEqual(60 / 10 + 1);
    await clock.advance(3_600_000);
    await expect(cache.getOrSet("a", () => Promise.reject(down))).rejects.toBe(down);
  });
});

describe("callers that give up", () => {
  it("leave alone while others stay", async () => {
    const { cache } = stillCache<number>();
    const [loading, leaver] = [gate<number>(), new AbortController()];
    let signal: AbortSignal | undefined;
    const load = (context: LoadContext<number>): Promise<number> => {
      signal = context.signal;
      return loading.promise;
    };
    const leaving = cache.getOrSet("a", load, { signal: leaver.signal });
    const staying = cache.getOrSet("a", load, { signal: new AbortController().signal });
    const gone = Promise.allSettled([leaving]);
    await nextTurn();
    leaver.abort("enough");
    expect(await gone).toEqual([{ status: "rejected", reason: "enough" }]);
    await nextTurn();
    expect(signal?.aborted).toBe(false);
    loading.open(5);
    expect(await staying).toBe(5);
    expect(await cache.get("a")).toBe(5);
  });

  it("abort the load when the last one has left, within a turn of the event loop", async () => {
    const { cache, clock } = stillCache<number>();
    const leavers = [new AbortController(), new AbortController()];
    let signal: AbortSignal | undefined;
    const late = gate<number>();
    const load = (context: LoadContext<number>): Promise<number> => {
      signal = context.signal;
      return late.promise;
    };
    const calls = Promise.allSettled(leavers.map((leaver) => cache.getOrSet("a", load, { signal: leaver.signal })));
    await nextTurn();
    for (const leaver of leavers) {
      expect(signal?.aborted).toBe(false);
      leaver.abort();
      await nextTurn();
    }
    expect(signal?.aborted).toBe(true);
    expect((await calls).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await clock.advance(0);
    expect(clock.pending).toBe(0);
    late.open(5);
    await nextTurn();
    expect(await cache.has("a")).toBe(false);
    expect(await cache.getOrSet("a", () => 6)).toBe(6);
  });

  it("before they begin start no load", async () => {
    const { cache } = stillCache<number>();
    let loads = 0;
    const call = cache.getOrSet("a", () => (loads += 1), { signal: AbortSignal.abort("no") });
    await expect(call).rejects.toBe("no");
    expect(loads).toBe(0);
  });

  it("do not abort a refresh that goes on behind for others", async () => {
    const { cache, clock } = stillCache<number>({ ttl: "1s", staleWhileRevalidate: "1m" });
    await cache.set("a", 1);
    await clock.advance(2_000);
    const loading = gate<number>();
    let signal: AbortSignal | undefined;
    const load = (context: LoadContext<number>): Promise<number> => {
      signal = context.signal;
      return loading.promise;
    };
    expect(await cache.getOrSet("a", load, { signal: new AbortController().signal })).toBe(1);
    const leaver = new AbortController();
    expect(await cache.getOrSet("a", load, { signal: leaver.signal })).toBe(1);
    leaver.abort();
    await nextTurn();
    expect(signal?.aborted).toBe(false);
    loading.open(2);
    await nextTurn();
    expect(await cache.get("a")).toBe(2);
  });
});

describe("a refresh behind", () => {
  it("is one flight like any other: joined, never doubled, counted", async () => {
    const { cache, clock } = stillCache<number>({ ttl: "1s", staleWhileRevalidate: "1m" });
    await cache.set("a", 1);
    await clock.advance(1_000);
    const loading = gate<number>();
    const load = (): Promise<number> => loading.promise;
    const stale = await Promise.all(Array.from({ length: 50 }, () => cache.getOrSet("a", load)));
    expect(new Set(stale)).toEqual(new Set([1]));
    loading.open(2);
    await nextTurn();
    expect(await cache.get("a")).toBe(2);
    expect(cache.stats()).toMatchObject({ loads: 1, stale: 50, hits: 51, misses: 0 });
  });

  it("that fails is an event, and waits for retryAfter", async () => {
    const { cache, clock } = stillCache<number>({ ttl: "1s", staleWhileRevalidate: "1m", retryAfter: "5s" });
    const failures: unknown[] = [];
    cache.on("loadError", ({ error }) => failures.push(error));
    await cache.set("a", 1);
    await clock.advance(1_000);
    const fail = (): Promise<number> => Promise.reject(down);
    expect(await cache.getOrSet("a", fail)).toBe(1);
    await nextTurn();
    expect(await cache.getOrSet("a", fail)).toBe(1);
    await nextTurn();
    expect(failures).toEqual([down]);
    await clock.advance(5_000);
    expect(await cache.getOrSet("a", fail)).toBe(1);
    await nextTurn();
    expect(failures).toEqual([down, down]);
  });

  it("begins ahead of the ttl where a read is later than refreshAhead", async () => {
    const { cache, clock } = stillCache<number>({ ttl: "10s", refreshAhead: 0.8 });
    await cache.getOrSet("a", () => 1);
    await clock.advance(7_999);
    expect(await cache.getOrSet("a", () => 2)).toBe(1);
    expect(cache.stats().loads).toBe(1);
    await clock.advance(1);
    expect(await cache.getOrSet("a", () => 2)).toBe(1);
    await nextTurn();
    expect(await cache.get("a")).toBe(2);
    expect(await cache.ttl("a")).toBe(10_000);
  });
});

describe("time limits", () => {
  it("a caller with a shorter hard timeout leaves alone", async () => {
    const { cache, clock } = stillCache<number>();
    const loading = gate<number>();
    const patient = cache.getOrSet("a", () => loading.promise);
    const hasty = cache.getOrSet("a", () => loading.promise, { hardTimeout: 100 });
    const left = Promise.allSettled([hasty]);
    await clock.advance(100);
    expect(await left).toMatchObject([{ status: "rejected", reason: { code: "LOAD_TIMEOUT" } }]);
    loading.open(5);
    expect(await patient).toBe(5);
    expect(clock.pending).toBe(0);
  });

  it("a result that comes after the hard timeout is dropped", async () => {
    const { cache, clock } = stillCache<number>();
    const loading = gate<number>();
    let signal: AbortSignal | undefined;
    const load = (context: LoadContext<number>): Promise<number> => {
      signal = context.signal;
      return loading.promise;
    };
    const call = Promise.allSettled([cache.getOrSet("a", load, { hardTimeout: 100 })]);
    await clock.advance(100);
    expect(await call).toMatchObject([{ status: "rejected", reason: { code: "LOAD_TIMEOUT" } }]);
    expect(signal?.aborted).toBe(true);
    expect(isCacheError(signal?.reason, "LOAD_TIMEOUT")).toBe(true);
    expect(await cache.getOrSet("a", () => 6)).toBe(6);
    loading.open(5);
    await nextTurn();
    expect(await cache.get("a")).toBe(6);
  });

  it("no limit sets no timer, and a load that ends takes its timer along", async () => {
    const { cache, clock } = stillCache<number>({ hardTimeout: Number.POSITIVE_INFINITY });
    const loading = gate<number>();
    const call = cache.getOrSet("a", () => loading.promise);
    await nextTurn();
    expect(clock.pending).toBe(0);
    loading.open(1);
    await call;
    const limited = gate<number>();
    const other = cache.getOrSet("b", () => limited.promise, { hardTimeout: "1s" });
    await clock.advance(0);
    expect(clock.pending).toBe(1);
    limited.open(1);
    await other;
    expect(clock.pending).toBe(0);
  });

  it("loads of one moment share a timer until it is over, and each ends at its own limit", async () => {
    const { cache, clock } = stillCache<number>();
    const ends: string[] = [];
    const never = gate<number>();
    const call = (id: string, hardTimeout: Duration): void => {
      const ended = (): void => void ends.push(id);
      cache.getOrSet(id, () => never.promise, { hardTimeout }).then(ended, ended);
    };
    call("a", "2s");
    call("b", "1s");
    for (let at = 0; at < 200; at += 1) expect(await cache.getOrSet(`id${at}`, () => at)).toBe(at);
    expect(clock.pending).toBe(1);
    await clock.advance(0);
    expect(clock.pending).toBe(2);
    await clock.advance(999);
    expect(ends).toEqual([]);
    await clock.advance(1);
    expect(ends).toEqual(["b"]);
    await clock.advance(1000);
    expect(ends).toEqual(["b", "a"]);
    expect(clock.pending).toBe(0);
  });

  it("closing in the moment of a load leaves no timer", async () => {
    const { cache, clock } = stillCache<number>();
    const call = cache.getOrSet("a", () => gate<number>().promise);
    const closed = cache.close();
    await expect(call).rejects.toMatchObject({ code: "CLOSED" });
    await closed;
    expect(clock.pending).toBe(0);
  });
});

describe("the loader's context", () => {
  it("skip() returns the value and leaves what is stored alone", async () => {
    const { cache } = stillCache<number>();
    expect(await cache.getOrSet("a", ({ skip }) => (skip(), 1))).toBe(1);
    expect(await cache.has("a")).toBe(false);
  });

  it("tells id, key and the entry that the load replaces", async () => {
    const { cache, clock } = stillCache<string>({ ttl: "1s", staleIfError: "1m" });
    await cache.set("a", "old");
    await clock.advance(1_000);
    const seen = await cache.getOrSet("a", ({ id, key, previous }) => `${id} ${key} ${previous?.value}`);
    expect(seen).toBe("a granary:v1:default:a old");
    expect(await cache.getOrSet("b", ({ previous }) => String(previous))).toBe("undefined");
  });

  it("notModified() without a previous entry is a clear error", async () => {
    const { cache } = stillCache<string>();
    await expect(cache.getOrSet("a", ({ notModified }) => notModified())).rejects.toMatchObject({
      code: "LOAD_FAILED",
    });
  });
});
