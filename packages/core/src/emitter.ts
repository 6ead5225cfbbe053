import { callSafely } from "./call-safely.js";
import { checkFunction } from "./check-arguments.js";
import { checkKnown } from "./check-options.js";
import type { CacheEventName, CacheEvents, CacheListener } from "./events.js";
import { isError } from "./realms.js";

type Heard = Record<CacheEventName, number>;

/** Events of one cache, told to its own listeners and to those of its parents. */
export class Emitter {
  /** How many listeners the whole family has, so that nobody builds an event that nobody hears. */
  readonly heard: Heard;
  readonly #parent: Emitter | undefined;
  readonly #listeners = new Map<CacheEventName, Set<CacheListener<never>>>();
  readonly #warned: Set<string>;

  constructor(parent?: Emitter) {
    this.#parent = parent;
    this.heard = parent?.heard ?? noneHeard();
    this.#warned = parent?.warned ?? new Set();
  }

  private get warned(): Set<string> {
    return this.#warned;
  }

  on<Name extends CacheEventName>(name: Name, listener: CacheListener<Name>): () => void {
    checkKnown("event", name, Object.keys(this.heard));
    checkFunction(listener, `on("${name}", …) takes a function that is told of each event`);
    const listeners = this.#listeners.get(name) ?? new Set();
    // A wrapper of its own, so that one function that listens twice is heard twice and can leave once.
    const entry: CacheListener<Name> = (event) => listener(event);
    this.#listeners.set(name, listeners.add(entry));
    this.heard[name] += 1;
    return () => {
      if (listeners.delete(entry)) this.heard[name] -= 1;
    };
  }

  emit<Name extends CacheEventName>(name: Name, event: CacheEvents[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      callSafely(
        () => (listener as CacheListener<Name>)(event),
        (error) => this.#listenerFailed(name, error),
      );
    }
    this.#parent?.emit(name, event);
  }

  /** Tells of a failure; the first of its kind goes to the console where nobody listens, so that none is silent. */
  emitError(event: CacheEvents["error"]): void {
    if (this.heard.error > 0) this.emit("error", event);
    else this.#warnOnce(event);
  }

  /** Forgets every listener of this cache. */
  close(): void {
    for (const [name, listeners] of this.#listeners) this.heard[name] -= listeners.size;
    this.#listeners.clear();
  }

  #listenerFailed(name: CacheEventName, error: unknown): void {
    const event = { operation: `listener of "${name}"`, error };
    if (name === "error") this.#warnOnce(event);
    else this.emitError(event);
  }

  #warnOnce({ operation, error, key }: CacheEvents["error"]): void {
    const kind = `${operation} ${isError(error) ? error.name + error.message : String(error)}`;
    if (this.#warned.has(operation) || this.#warned.has(kind)) return;
    this.#warned.add(operation);
    const where = key === undefined ? "" : ` of ${key}`;
    // oxlint-disable-next-line no-console -- the last resort: nobody listens to "error"
    console.warn(`granary: ${operation}${where} failed, and later ones will not be shown; listen to "error".`, error);
  }
}

function noneHeard(): Heard {
  return {
    hit: 0,
    miss: 0,
    fallback: 0,
    load: 0,
    loadError: 0,
    set: 0,
    delete: 0,
    expire: 0,
    clear: 0,
    invalidateTags: 0,
    invalidatePattern: 0,
    breaker: 0,
    error: 0,
  };
}
