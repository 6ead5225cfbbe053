import { createCache, systemClock } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

/** The machine's clocks, in the hands of a test from before they are read until it ends. */
const wall = { setBy: 0 };
const steady = { stoodStill: 0 };
const [realNow, realSteady, realText] = [Date.now, performance.now, Function.prototype.toString];

beforeEach(() => {
  wall.setBy = steady.stoodStill = 0;
  const now = (): number => realNow() + wall.setBy;
  Date.now = now;
  performance.now = () => realSteady.call(performance) - steady.stoodStill;
  // As if the machine itself told this time, not a test: what only a test would say is taken at its word.
  vi.spyOn(Function.prototype, "toString").mockImplementation(function (this: unknown) {
    return this === now ? "function now() { [native code] }" : realText.call(this as () => void);
  });
  systemClock.now();
});

afterEach(() => {
  vi.restoreAllMocks();
  Date.now = realNow;
  performance.now = realSteady;
});

/** The process is suspended: the wall clock goes on, and the steady one, as on many machines, does not. */
function suspend(ms: number): void {
  wall.setBy += ms;
}

describe("FIELD 22 (C15): a process that was suspended", () => {
  test("counts the time that has passed at the first call after it", async () => {
    const cache = createCache<string>({ store: memoryStore(), jitter: 0 });
    await cache.set("tea", "green", { ttl: "3s" });
    suspend(10_000);
    expect(await cache.get("tea")).toBeUndefined();
  });

  test("is told of it once, and not of time that passes as it does", () => {
    const leaps = vi.fn();
    const stop = systemClock.onLeap?.(leaps);
    for (let reads = 0; reads < 1_000; reads += 1) systemClock.now();
    expect(leaps).not.toHaveBeenCalled();
    suspend(10_000);
    systemClock.now();
    systemClock.now();
    expect(leaps).toHaveBeenCalledTimes(1);
    stop?.();
    suspend(10_000);
    systemClock.now();
    expect(leaps).toHaveBeenCalledTimes(1);
  });

  test("notices a steady clock that was left behind, where the wall clock seems to go on as ever", () => {
    const leaps = vi.fn();
    const stop = systemClock.onLeap?.(leaps);
    steady.stoodStill = 10_000;
    wall.setBy += 60;
    systemClock.now();
    expect(leaps).toHaveBeenCalledTimes(1);
    stop?.();
  });
});

describe("C15: a wall clock that is set", () => {
  test.each([300_000, 1_000])("back by %i ms makes no entry live longer, and time go on", async (ms) => {
    const cache = createCache<string>({ store: memoryStore(), jitter: 0 });
    const before = systemClock.now();
    wall.setBy = -ms;
    const after = systemClock.now();
    expect(after).toBeGreaterThanOrEqual(before);
    expect(after - before).toBeLessThan(ms);
    await cache.set("tea", "green", { ttl: "1m" });
    wall.setBy += 60_001;
    expect(await cache.get("tea")).toBeUndefined();
  });

  test("ahead makes entries expire early rather than late", async () => {
    const cache = createCache<string>({ store: memoryStore(), jitter: 0 });
    await cache.set("tea", "green", { ttl: "1m" });
    wall.setBy = 300_000;
    expect(await cache.get("tea")).toBeUndefined();
    await cache.set("tea", "green", { ttl: "1m" });
    wall.setBy = 0;
    expect(await cache.get("tea")).toBe("green");
  });
});
