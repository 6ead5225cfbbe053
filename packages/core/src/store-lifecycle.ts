import type { Awaitable } from "./entry.js";
import { CacheError } from "./errors.js";
import { callListener } from "./safe-listener.js";
import type { CacheStore, StoreEvent } from "./store.js";

type Listener = (event: StoreEvent) => void;
type Release = () => Awaitable<void>;

const STORE_VERBS = ["get", "set", "delete", "walk", "invalidate", "generations", "expire", "ready"];
/** The verbs of a `ManyCapability`. */
export const MANY_VERBS: readonly string[] = ["get", "set", "delete"];
/** The verbs of a `LeasesCapability`. */
export const LEASE_VERBS: readonly string[] = ["acquire", "renew", "fill", "release", "watch", "keepNear"];

/**
 * Who uses a store, and whether it was closed. A store is in use as long as somebody listens to it. What it needs for
 * that, such as timers, connections and listeners of its own, it opens for the first one and gives back behind the last,
 * so that it can be used anew. It is closed by its `close()` alone.
 */
export class StoreLifecycle {
  readonly #name: string;
  readonly #open: () => Release;
  readonly #listeners = new Set<Listener>();
  #release: Release | undefined;
  #state: "open" | "closed" = "open";

  /** `open` is called for the first who listens; what it returns, behind the last. */
  constructor(name: string, open: () => Release = () => () => {}) {
    this.#name = name;
    this.#open = open;
  }

  get isClosed(): boolean {
    return this.#state === "closed";
  }

  /** Resolves, where the last one leaves, once all that was opened is gone. @throws CacheError `CLOSED` */
  on(listener: Listener): Release {
    this.assertOpen();
    // A wrapper of its own, so that one function may listen twice, and fails alone.
    const own: Listener = (event) =>
      callListener(
        () => listener(event),
        (error) => this.#listenerFailed(event, error),
      );
    this.#listeners.add(own);
    try {
      this.#release ??= this.#open();
    } catch (error) {
      this.#listeners.delete(own);
      throw error;
    }
    return () => (this.#listeners.delete(own) && this.#listeners.size === 0 ? this.#letGo() : undefined);
  }

  tell(event: StoreEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Whoever asks from now on is told so. Resolves once all that was opened is gone. */
  close(): Awaitable<void> {
    this.#state = "closed";
    this.#listeners.clear();
    return this.#letGo();
  }

  /** @throws CacheError `CLOSED` */
  assertOpen(): void {
    if (this.#state === "closed") throw new CacheError("CLOSED", `The store "${this.#name}" was closed.`);
  }

  /** `store`, whose calls throw `CLOSED` once it was closed. */
  checked(store: CacheStore): CacheStore {
    const { many, leases } = store;
    return {
      ...this.checkedVerbs(store, STORE_VERBS),
      ...(many !== undefined && { many: this.checkedVerbs(many, MANY_VERBS) }),
      ...(leases !== undefined && { leases: this.checkedVerbs(leases, LEASE_VERBS) }),
      on: (listener) => this.on(listener),
      close: () => this.close(),
    };
  }

  /** `verbs`, of which those that have one of the names throw `CLOSED` once the store was closed. */
  checkedVerbs<Verbs extends object>(verbs: Verbs, names: readonly string[]): Verbs {
    const checked = names.flatMap((name) => {
      const verb: unknown = Reflect.get(verbs, name);
      if (typeof verb !== "function") return [];
      const call = (...args: unknown[]): unknown => {
        this.assertOpen();
        return Reflect.apply(verb, verbs, args);
      };
      return [[name, call]];
    });
    return { ...verbs, ...Object.fromEntries(checked) };
  }

  #listenerFailed({ type }: StoreEvent, error: unknown): void {
    if (type === "error") throw error;
    this.tell({ type: "error", operation: `listener of "${type}"`, error });
  }

  #letGo(): Awaitable<void> {
    const release = this.#release;
    this.#release = undefined;
    return release?.();
  }
}
