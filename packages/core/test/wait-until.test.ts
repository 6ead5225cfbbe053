import { describe, expect, test } from "vitest";
import { gate, stillCache } from "./support/fixtures.js";

describe("C47: waitUntil is given", () => {
  /** A cache with a stale entry, what it was given to wait for, and a load that the test ends. */
  async function withStale() {
    const work: Promise<unknown>[] = [];
    const waitUntil = (promise: Promise<unknown>): void => void work.push(promise);
    const loading = gate<string>();
    const { cache, clock } = stillCache<string>({ waitUntil, ttl: "1m" });
    await cache.set("tea", "old", { staleWhileRevalidate: "1h", staleIfError: "1h" });
    await clock.advance(60_001);
    return { cache, clock, work, loading };
  }

  test("a refresh behind, until what it brings is stored", async () => {
    const { cache, work, loading } = await withStale();
    expect(await cache.getOrSet("tea", () => loading.promise, { staleWhileRevalidate: "1h" })).toBe("old");
    expect(work).toHaveLength(1);
    loading.open("new");
    await work[0];
    expect(await cache.get("tea")).toBe("new");
  });

  test("a refresh ahead of the ttl", async () => {
    const { cache, clock, work } = await withStale();
    await cache.set("tea", "old");
    await clock.advance(50_000);
    expect(await cache.getOrSet("tea", () => "new", { refreshAhead: 0.5 })).toBe("old");
    await work[0];
    expect(await cache.get("tea")).toBe("new");
  });

  test("a load that goes on after a soft timeout", async () => {
    const { cache, clock, work, loading } = await withStale();
    const served = cache.getOrSet("tea", () => loading.promise, { staleIfError: "1h", softTimeout: 10 });
    await clock.advance(10);
    expect(await served).toBe("old");
    expect(work).toHaveLength(1);
    loading.open("new");
    await work[0];
    expect(await cache.get("tea")).toBe("new");
  });

  test("a refresh that fails, and does not reject", async () => {
    const { cache, work, loading } = await withStale();
    await cache.getOrSet("tea", () => loading.promise, { staleWhileRevalidate: "1h" });
    loading.break(new Error("down"));
    expect(await work[0]).toBeUndefined();
  });

  test("once by those who refresh the same key, and by the call where that has its own", async () => {
    const { cache, work, loading } = await withStale();
    const own: Promise<unknown>[] = [];
    const options = {
      staleWhileRevalidate: "1h",
      waitUntil: (promise: Promise<unknown>) => void own.push(promise),
    } as const;
    for (let calls = 0; calls < 3; calls += 1) await cache.getOrSet("tea", () => loading.promise, options);
    expect([work.length, own.length]).toEqual([0, 1]);
    loading.open("new");
  });

  test("nothing by a load that somebody waits for, nor by a hit", async () => {
    const { cache, work } = await withStale();
    await cache.getOrSet("milk", () => "warm");
    await cache.getOrSet("milk", () => "cold", { waitUntil: () => expect.unreachable() });
    expect(work).toEqual([]);
  });
});

test.each([
  [
    "throws",
    (): void => {
      throw new Error("The request has ended.");
    },
  ],
  ["rejects with", async (): Promise<void> => Promise.reject(new Error("The request has ended."))],
])("C44, C47: what waitUntil %s is told as an error, and the call is answered", async (_how, waitUntil) => {
  const { cache, clock } = stillCache<string>({ ttl: "1m" });
  const told = gate<string>();
  cache.on("error", ({ operation }) => told.open(operation));
  await cache.set("tea", "old", { staleWhileRevalidate: "1h" });
  await clock.advance(60_001);
  expect(await cache.getOrSet("tea", () => "new", { staleWhileRevalidate: "1h", waitUntil })).toBe("old");
  expect(await told.promise).toBe("waitUntil");
});

test("C43: waitUntil that is no function is refused at once", async () => {
  const { cache } = stillCache<string>();
  await expect(cache.get("tea", { waitUntil: 5 as never })).rejects.toMatchObject({ code: "INVALID_OPTION" });
  expect(() => stillCache({ waitUntil: "ctx" as never })).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
});

test("C40: a caller gives up a load that is past its deadline, and loads", async () => {
  const { cache, clock } = stillCache<string>();
  const first = cache.getOrSet("tea", () => new Promise<string>(() => {}), { hardTimeout: 100 });
  const ended = first.catch((error: { code?: string }) => error.code);
  clock.set(clock.now() + 101);
  expect(await cache.getOrSet("tea", () => "loaded")).toBe("loaded");
  expect(await ended).toBe("LOAD_TIMEOUT");
});
