import {
  type CacheBus,
  CacheError,
  type CacheStore,
  type Duration,
  isStore,
  marked,
  parseDuration,
} from "@granary/core";
import { TieredStore } from "./tiered-store.js";

/** What `tiered` takes. */
export interface TieredOptions {
  /** The near tier, in this process: memory. */
  readonly l1: CacheStore;
  /** The far tier, shared by all nodes. May itself be a pair of tiers. */
  readonly l2: CacheStore;
  /** Tells other nodes what changed. Without one they find out when their copy is older than `l1Ttl`. */
  readonly bus?: CacheBus;
  /** How long a copy in L1 is trusted without asking L2. Default: the entry's own life with a bus, `"5s"` without. */
  readonly l1Ttl?: Duration;
}

/** How long a copy is trusted where nobody would say that it changed. */
const L1_TTL_WITHOUT_BUS_MS = 5_000;

/**
 * A store made of two: reads look near, then far; writes go to both, then over the bus to the other nodes.
 * @throws CacheError `INVALID_OPTION`, at once, where an option is not of its form.
 */
export function tiered({ l1, l2, bus, l1Ttl }: TieredOptions): CacheStore {
  checkStore("l1", l1);
  checkStore("l2", l2);
  checkBus(bus);
  const fallbackMs = bus === undefined ? L1_TTL_WITHOUT_BUS_MS : Number.POSITIVE_INFINITY;
  const l1TtlMs = l1Ttl === undefined ? fallbackMs : parseDuration(l1Ttl, "l1Ttl");
  // Far is judged by its marks before near takes a copy, so that near need only hear of what comes after.
  return new TieredStore({ l1: marked(l1), l2: marked(l2), bus, l1TtlMs });
}

function checkStore(option: string, store: CacheStore): void {
  if (isStore(store)) return;
  const examples = "memoryStore() or redisStore({ client })";
  throw new CacheError("INVALID_OPTION", `${option}: takes a CacheStore, such as ${examples}.`);
}

function checkBus(bus: CacheBus | undefined): void {
  if (bus === undefined || (typeof bus.publish === "function" && typeof bus.subscribe === "function")) return;
  throw new CacheError("INVALID_OPTION", "bus: takes a CacheBus, such as redisBus({ client }).");
}
