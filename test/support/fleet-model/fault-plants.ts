import type { BusListener, CacheBus, CacheStore } from "@granary/core";
import { tiered } from "@granary/tiered";
import type { Plant } from "./fleet.js";

/** What is made up for is told to the far tier, but for deletions. */
export const forgottenDeletions: Plant = {
  view: (view) => ({
    ...view,
    replay: async (key, change) => (change.entry === undefined ? true : (view.replay?.(key, change) ?? true)),
  }),
};

/** What is made up for is written whatever is there. */
export const blindReplay: Plant = {
  view: (view) => ({
    ...view,
    replay: async (key, { entry }) => {
      if (entry === undefined) await view.delete(key);
      else await view.set(key, entry);
      return true;
    },
  }),
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

/** A value that was loaded without the far tier is trusted like any other. */
export const trustedLoners: Plant = {
  near: (near) => {
    const set: CacheStore["set"] = (key, entry) => {
      const { epoch = 0 } = entry as { readonly epoch?: number };
      return near.set(key, epoch < 0 ? ({ ...entry, epoch: -1 - epoch } as typeof entry) : entry);
    };
    return { ...near, set };
  },
};

/** The breaker opens, and stays open. */
export const stuckBreaker: Plant = { patience: { breaker: { halfOpenAfter: "1h" } } };

/** What a connection has held back is done however late it comes. */
export const lateWrites: Plant = {
  view: ({ giveUpAfter: _told, ...view }) => view,
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
