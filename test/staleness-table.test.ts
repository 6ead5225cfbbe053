import { type CacheStore, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisStore } from "@granary/redis";
import { type ManualClock, manualClock, nextTurn } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { Redis } from "ioredis";
import { afterAll, describe, expect, inject, it } from "vitest";

const TTL = 10_000;
const SWR = 10_000;
const SIE = 30_000;
const SOFT = 100;
const SLOW = 500;
const HARD = 1_000;

/** How old the entry is when it is asked for. */
const AGES = { fresh: TTL - 5_000, swr: TTL + SWR - 5_000, sie: TTL + SWR + 5_000, gone: TTL + SIE + 5_000 };
const LOADS = ["fast", "slow", "fails", "hangs"] as const;
const LIMITS = ["none", "soft", "hard", "both"] as const;

type Age = keyof typeof AGES;
type Load = (typeof LOADS)[number];
type Limit = (typeof LIMITS)[number];

/** What the caller gets and after how many milliseconds; `pending` where it waits for ever. */
type Answer = { readonly result: "old" | "new" | "error" | "timeout"; readonly at: number } | "pending";

/** The policy in a few lines: what DESIGN promises, told by age, load and limit. */
function oracle(age: Age, load: Load, limit: Limit): Answer {
  if (age === "fresh" || age === "swr") return { result: "old", at: 0 };
  const isSoft = age === "sie" && (limit === "soft" || limit === "both");
  const isHard = limit === "hard" || limit === "both";
  if (load === "fast") return { result: "new", at: 0 };
  if (load === "fails") return { result: age === "sie" ? "old" : "error", at: 0 };
  if (isSoft) return { result: "old", at: SOFT };
  if (load === "slow") return { result: "new", at: SLOW };
  if (isHard) return { result: age === "sie" ? "old" : "timeout", at: HARD };
  return "pending";
}

/** What is there when everything has settled. */
function afterwards(age: Age, load: Load): "old" | "new" {
  return age !== "fresh" && (load === "fast" || load === "slow") ? "new" : "old";
}

const client = new Redis(inject("redisUrl"));
afterAll(() => client.quit());

const STORES: Record<string, (clock: ManualClock) => CacheStore> = {
  memory: (clock) => memoryStore({ clock }),
  redis: (clock) => redisStore({ client, clock }),
  tiered: (clock) => tiered({ l1: memoryStore({ clock }), l2: redisStore({ client, clock }), l2Timeout: "1m" }),
};

let run = 0;

describe.each(Object.keys(STORES))("on %s", (name) => {
  const cells = Object.keys(AGES).flatMap((age) =>
    LOADS.flatMap((load) => LIMITS.map((limit) => [age as Age, load, limit] as const)),
  );

  it("covers every combination", () => expect(cells).toHaveLength(64));

  it.each(cells)("an entry that is %s, a load that is %s, limits: %s", async (age, load, limit) => {
    const clock = manualClock(Date.now());
    const store = (STORES[name] as (typeof STORES)[string])(clock);
    run += 1;
    const cache = createCache<string>({
      store,
      clock,
      prefix: `table${process.pid}-${run}`,
      jitter: false,
      ttl: TTL,
      staleWhileRevalidate: SWR,
      staleIfError: SIE,
      ...((limit === "soft" || limit === "both") && { softTimeout: SOFT }),
      hardTimeout: limit === "hard" || limit === "both" ? HARD : Number.POSITIVE_INFINITY,
    });
    await cache.set("a", "old");
    await clock.advance(AGES[age]);

    const loading = controlled(clock, load);
    const stored = counted(cache, "load");
    const startedAt = clock.now();
    let answer: Answer = "pending";
    const call = cache.getOrSet("a", loading.loader).then(
      (value) => (answer = { result: value as "old" | "new", at: clock.now() - startedAt }),
      (error: { code?: string }) =>
        (answer = { result: error.code === "LOAD_TIMEOUT" ? "timeout" : "error", at: clock.now() - startedAt }),
    );
    void call;
    await until(() => answer !== "pending" || loading.started);
    for (const step of [0, SOFT, SLOW - SOFT, HARD - SLOW, 1_000]) {
      await clock.advance(step);
      await settled(store);
    }

    const expected = oracle(age, load, limit);
    expect(answer).toEqual(expected);
    expect(loading.loads).toBe(age === "fresh" ? 0 : 1);
    const entry = await cache.entry("a");
    if (afterwards(age, load) === "new") {
      expect(entry?.value).toBe("new");
      expect(await cache.get("a")).toBe("new");
      expect(stored.count).toBe(1);
    } else {
      expect(entry?.value).toBe(age === "gone" ? undefined : "old");
      expect(stored.count).toBe(0);
    }
    await cache.close();
    expect(clock.pending).toBe(0);
  });
});

/** A loader whose time is the clock's. */
function controlled(clock: ManualClock, load: Load) {
  const state = { loads: 0, started: false, loader };
  async function loader({ signal }: { readonly signal: AbortSignal }): Promise<string> {
    state.loads += 1;
    state.started = true;
    if (load === "fails") throw new Error("origin down");
    if (load === "fast") return "new";
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      if (load === "slow") clock.after(SLOW, () => resolve("new"));
    });
  }
  return state;
}

function counted(cache: { on(name: "load", listener: () => void): void }, name: "load"): { count: number } {
  const counter = { count: 0 };
  cache.on(name, () => (counter.count += 1));
  return counter;
}

/** A round trip to Redis, behind everything that was sent before. */
async function settled(store: CacheStore): Promise<void> {
  await nextTurn();
  if (store.name !== "memory") await client.ping();
  if (store.name !== "memory") await client.ping();
  await nextTurn();
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await nextTurn();
}
