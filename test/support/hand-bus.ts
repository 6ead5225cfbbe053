import type { BusListener, BusMessage, CacheBus, Invalidation } from "@granary/core";

/** A bus whose other end is the test. */
export interface HandBus {
  readonly bus: CacheBus;
  /** What the node has announced. */
  readonly published: readonly BusMessage[];
  readonly listeners: number;
  readonly closed: boolean;
  /** Tells the node that others changed these keys. */
  hear(...keys: readonly string[]): void;
  /** Tells the node that others invalidated a namespace, or tags in it. */
  hearInvalidation(invalidation: Invalidation): void;
  /** Tells the node what others say. */
  say(message: BusMessage): void;
  /** Tells the node that it may have missed something. */
  gap(): void;
}

export function handBus(): HandBus {
  const [listeners, published] = [new Set<BusListener>(), new Array<BusMessage>()];
  let closed = false;
  let sequence = 0;
  const bus: CacheBus = {
    name: "hand",
    publish: (message) => void published.push(message),
    subscribe: (listener) => {
      listeners.add(listener);
      listener.gap();
      return () => void listeners.delete(listener);
    },
    close: () => {
      closed = true;
    },
  };
  return {
    bus,
    published,
    get listeners() {
      return listeners.size;
    },
    get closed() {
      return closed;
    },
    hear: (...keys) => {
      for (const listener of listeners) listener.message({ type: "changed", keys });
    },
    hearInvalidation: (invalidation) => {
      sequence += 1;
      for (const listener of listeners)
        listener.message({ type: "invalidated", ...invalidation, epoch: "e", sequence });
    },
    say: (message) => {
      for (const listener of listeners) listener.message(message);
    },
    gap: () => {
      for (const listener of listeners) listener.gap();
    },
  };
}
