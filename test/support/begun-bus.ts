import type { BusListener, CacheBus } from "@granary/core";

/** A bus, and when its first listener was first told that it listens. */
export interface BegunBus {
  readonly bus: CacheBus;
  readonly begun: Promise<void>;
}

/** `bus` with a promise of its first `gap`. Until then a near tier rightly asks the far one more often. */
export function begunBus(bus: CacheBus): BegunBus {
  let tell = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const watched = (listener: BusListener): BusListener => ({
    message: (message) => listener.message(message),
    error: (error) => listener.error(error),
    gap: () => {
      listener.gap();
      tell();
    },
  });
  return { bus: { ...bus, subscribe: (listener) => bus.subscribe(watched(listener)) }, begun };
}
