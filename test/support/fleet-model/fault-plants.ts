import type { BusListener, CacheBus, CacheEntry, CacheStore, ManyCapability } from "@granary/core";
import { tiered } from "@granary/tiered";
import type { Plant } from "./fleet.js";

/** What is to be repaired is said to be, and is not. Only repairs delete many keys at once here. */
export const forgottenDeletions: Plant = {
  view: (view) => ({
    ...view,
    many: { ...(view.many as ManyCapability), delete: async (keys) => keys.map(() => true) },
  }),
};

/** A value that was not taken is written once the far tier is back. */
export const writtenLater: Plant = {
  view: (view) => {
    const missed = new Map<string, CacheEntry>();
    const set: CacheStore["set"] = async (key, entry, options) => {
      try {
        await view.set(key, entry, options);
      } catch (error) {
        missed.set(key, entry);
        throw error;
      }
    };
    const remove: ManyCapability["delete"] = async (keys) => {
      for (const key of keys) {
        const entry = missed.get(key);
        missed.delete(key);
        await (entry === undefined ? view.delete(key) : view.set(key, entry));
      }
      return keys.map(() => true);
    };
    return { ...view, set, many: { ...(view.many as ManyCapability), delete: remove } };
  },
};

/** A message that the bus does not take is dropped. */
export const droppedMessages: Plant = {
  tiers: (tiers) => tiered({ ...tiers, bus: { ...tiers.bus, publish: async (message) => sent(tiers.bus, message) } }),
};

/** Only the first gap is heard. */
export const ignoredGaps: Plant = {
  tiers: (tiers) => {
    const subscribe = (listener: BusListener): (() => void) => {
      let heard = 0;
      const gap = (): void => {
        heard += 1;
        if (heard === 1) listener.gap();
      };
      return tiers.bus.subscribe({ ...listener, gap });
    };
    return tiered({ ...tiers, bus: { ...tiers.bus, subscribe } });
  },
};

/** A value that was loaded without the far tier is trusted like any other, and stays once that has lost what it had. */
export const trustedLoners: Plant = {
  near: (near) => {
    const loners = new Set<string>();
    const set: CacheStore["set"] = (key, entry) => {
      const { epoch = 0 } = entry as { readonly epoch?: number };
      if (epoch >= 0) loners.delete(key);
      else loners.add(key);
      return near.set(key, epoch < 0 ? ({ ...entry, epoch: -1 - epoch } as typeof entry) : entry);
    };
    return { ...near, set, delete: (key) => !loners.has(key) && near.delete(key) };
  },
};

/** The breaker opens, and stays open. */
export const stuckBreaker: Plant = { patience: { breaker: { halfOpenAfter: "1h" } } };

/** What was given up is not undone. */
export const lateWrites: Plant = {
  view: (view) => ({ ...view, set: (key, entry) => view.set(key, entry) }),
};

/** Of a store that fails the application is told. */
export const loudStore: Plant = { cache: { onStoreError: "throw" } };

async function sent(bus: CacheBus, message: Parameters<CacheBus["publish"]>[0]): Promise<void> {
  try {
    await bus.publish(message);
  } catch {
    // Nobody says it again.
  }
}
