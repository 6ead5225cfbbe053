import { type Cache, type CacheEntry, type CacheStore, createCache, withGenerations } from "@granary/core";
import { type MemoryStore, memoryStore } from "@granary/memory";
import { type ManualClock, manualClock } from "@granary/testkit";
import { type TieredOptions, tiered } from "@granary/tiered";
import { type GatedStore, gatedStore } from "./gated-store.js";
import { type HandBus, handBus } from "./hand-bus.js";

/** What several nodes share. */
export interface Far {
  readonly clock: ManualClock;
  /** What L2 holds, past its gates. */
  readonly memory: MemoryStore;
  /** The same as its readers find it: without what was invalidated. */
  readonly judged: CacheStore;
  readonly gated: GatedStore;
}

/** One node in this process: every part of it in the test's hand. */
export interface TierNode {
  readonly far: Far;
  readonly l1: MemoryStore;
  readonly bus: HandBus;
  readonly store: CacheStore;
  readonly cache: Cache<unknown>;
}

export interface TierNodeOptions {
  readonly far?: Far;
  /** What stands in for `tiered`. */
  readonly pair?: (tiers: TieredOptions) => CacheStore;
}

export const KEY = "granary:v1:default:k";
export const SCOPE = "granary:v1:default";
/** Every entry of these tests carries it. */
export const TAG = "red";
export const MINUTE_MS = 60_000;

export function newFar(): Far {
  const clock = manualClock();
  const memory = memoryStore({ clock, name: "far" });
  return { clock, memory, judged: memory, gated: gatedStore(memory) };
}

/** An L2 of three verbs, so that its generations become entries among its others. */
export function newPlainFar(): Far {
  const { clock, memory } = newFar();
  const { invalidate: _, ...plain } = memory;
  return { clock, memory, judged: withGenerations(plain), gated: gatedStore(plain) };
}

export function tierNode({ far = newFar(), pair = tiered }: TierNodeOptions = {}): TierNode {
  const [l1, bus] = [memoryStore({ clock: far.clock }), handBus()];
  const store = pair({ l1, l2: far.gated.store, bus: bus.bus });
  const cache = createCache<unknown>({ store, ttl: "1h", staleIfError: "1h", jitter: false, tags: [TAG] });
  // Without a listener each first failure would be written out.
  cache.on("error", () => undefined);
  return { far, l1, bus, store, cache };
}

/** An entry that is fresh for an hour, with `changes`. */
export function entryOf({ clock }: Far, value: unknown, changes: Partial<CacheEntry> = {}): CacheEntry {
  const now = clock.now();
  const [freshUntil, keepUntil] = [now + 60 * MINUTE_MS, now + 120 * MINUTE_MS];
  return { value, createdAt: now, freshUntil, keepUntil, tags: [TAG], ...changes };
}

/** What the tiers hold of the one key of these tests, by value. */
export async function heldIn({ l1, far }: TierNode): Promise<{ readonly near: unknown; readonly far: unknown }> {
  return { near: l1.get(KEY)?.value, far: (await far.judged.get(KEY))?.value };
}
