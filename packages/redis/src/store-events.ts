import type { StoreEvent } from "@granary/core";

type Listener = (event: StoreEvent) => void;

/** Those who listen to a store. */
export interface StoreEvents {
  emit(event: StoreEvent): void;
  /** Returns a function that stops it. */
  on(listener: Listener): () => void;
  clear(): void;
}

export function storeEvents(): StoreEvents {
  const listeners = new Set<Listener>();
  return {
    emit: (event) => listeners.forEach((listener) => listener(event)),
    on(listener) {
      const own: Listener = (event) => listener(event);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    clear: () => listeners.clear(),
  };
}
