import { type BusListener, type BusMessage, type CacheBus, CacheError, checkText, safeListener } from "@granary/core";

/** A place in this process where buses meet: what one publishes, all others hear. */
export interface LocalHub {
  /** One node's end. `name` stands in events. @throws CacheError `INVALID_OPTION` where the name is taken. */
  bus(name: string): CacheBus;
}

/**
 * A hub without a network, for tests and for several caches in one process. A message is delivered before
 * `publish` returns, in the order of subscription; `gap` is called before `subscribe` returns. Each message is
 * heard once. A bus that was closed hears nothing more, says `CLOSED`, and its name is free again.
 */
export function localHub(): LocalHub {
  const ends = new Map<string, Set<BusListener>>();
  function bus(name: string): CacheBus {
    checkText("name", name);
    if (ends.has(name)) throw new CacheError("INVALID_OPTION", `This hub has a bus named "${name}" already.`);
    const own = new Set<BusListener>();
    ends.set(name, own);
    const assertOpen = (): void => {
      if (ends.get(name) !== own) throw new CacheError("CLOSED", `The bus "${name}" was closed.`);
    };
    return {
      name,
      publish: (message) => {
        assertOpen();
        deliver(message, listenersBeside(ends, own));
      },
      subscribe: (listener) => {
        assertOpen();
        return subscribe(own, listener);
      },
      close: () => {
        const listeners = [...own];
        own.clear();
        if (ends.get(name) === own) ends.delete(name);
        for (const listener of listeners) listener.error(new CacheError("CLOSED", `The bus "${name}" was closed.`));
      },
    };
  }
  return { bus };
}

function subscribe(own: Set<BusListener>, listener: BusListener): () => void {
  // An object of our own, so that one listener may be subscribed twice.
  const subscribed = safeListener(listener);
  own.add(subscribed);
  subscribed.gap();
  return () => void own.delete(subscribed);
}

/** A snapshot: a listener may subscribe and unsubscribe while it is told. */
function listenersBeside(ends: ReadonlyMap<string, Set<BusListener>>, own: Set<BusListener>): BusListener[] {
  return [...ends.values()].filter((listeners) => listeners !== own).flatMap((listeners) => [...listeners]);
}

function deliver(message: BusMessage, listeners: readonly BusListener[]): void {
  for (const listener of listeners) listener.message(message);
}
