import {
  type BreakerOptions,
  type CacheBus,
  CacheError,
  type CacheStore,
  checkOptions,
  type Duration,
  guarded,
  isStore,
  type OptionNames,
  parseDuration,
  withGenerations,
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
  /** A call of L2 that is not answered within this has failed. Default: `"250ms"`. */
  readonly l2Timeout?: Duration;
  /** When L2 is left alone: by default after 5 failures in a row, until a probe a second later is answered. `false`: never. */
  readonly breaker?: BreakerOptions | false;
}

/** How long a copy is trusted where nobody would say that it changed. */
const L1_TTL_WITHOUT_BUS_MS = 5_000;

const OPTIONS: OptionNames<TieredOptions> = {
  l1: true,
  l2: true,
  bus: true,
  l1Ttl: true,
  l2Timeout: true,
  breaker: true,
};
const BREAKER_OPTIONS: OptionNames<BreakerOptions> = { failures: true, halfOpenAfter: true };

/**
 * A store made of two: reads look near, then far; writes go to both, then over the bus to the other nodes.
 * @throws CacheError `INVALID_OPTION`, at once, where an option is not of its form.
 */
export function tiered(options: TieredOptions): CacheStore {
  checkOptions(options, OPTIONS);
  const { l1, l2, bus, l1Ttl, breaker } = options;
  if (breaker !== undefined && breaker !== false) checkOptions(breaker, BREAKER_OPTIONS, "breaker.");
  checkStore("l1", l1);
  checkStore("l2", l2);
  if (l1 === l2) throw new CacheError("INVALID_OPTION", "l1 and l2 are the same store: give each tier one of its own.");
  checkOrder(l1, l2);
  checkBus(bus);
  const fallbackMs = bus === undefined ? L1_TTL_WITHOUT_BUS_MS : Number.POSITIVE_INFINITY;
  const l1TtlMs = l1Ttl === undefined ? fallbackMs : parseDuration(l1Ttl, "l1Ttl");
  // Far gives out nothing that was invalidated, so that near need only hear of what comes after.
  return new TieredStore({ l1: withGenerations(l1), l2: guardedFar(options), bus, l1TtlMs });
}

/** The far tier, judging and guarded, unless it is of tiers itself, or already guarded as the user likes. */
function guardedFar({ l2, l2Timeout, breaker }: TieredOptions): CacheStore {
  if (l2Timeout !== undefined) parseDuration(l2Timeout, "l2Timeout");
  if (l2.remote === false) return withGenerations(l2);
  const timeout = l2Timeout === undefined ? {} : { timeout: l2Timeout };
  return guarded(l2, { ...timeout, ...(breaker !== undefined && { breaker }) });
}

function checkStore(option: string, store: CacheStore): void {
  if (isStore(store)) return;
  const examples = "memoryStore() or redisStore({ client })";
  throw new CacheError("INVALID_OPTION", `${option}: takes a CacheStore, such as ${examples}.`);
}

/** As far as stores show whose they are: nodes share one with leases, and one without a guard is this process' own. */
function checkOrder(l1: CacheStore, l2: CacheStore): void {
  const isOwn = l2.remote === false && l2.health === undefined;
  if (l1.leases === undefined || !isOwn) return;
  throw new CacheError(
    "INVALID_OPTION",
    "l1 and l2 are the wrong way round: l1 takes the store of this process, such as memoryStore(), " +
      "and l2 the one that all nodes share, such as redisStore({ client }).",
  );
}

/** A client of Redis publishes and subscribes too, but to other things, and has no name. */
function checkBus(bus: CacheBus | undefined): void {
  const isBus =
    typeof bus?.publish === "function" && typeof bus.subscribe === "function" && typeof bus.name === "string";
  if (bus === undefined || isBus) return;
  throw new CacheError("INVALID_OPTION", "bus: takes a CacheBus, such as redisBus({ client }).");
}
