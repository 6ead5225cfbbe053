import { CacheError } from "@granary/core";
import type { CacheLike } from "./cache-like.js";

/** What cannot be part of the name of a child cache, and what escapes it. */
const ESCAPED = /[%:/{}]|\p{Surrogate}/gu;

/**
 * The namespaces that Keyv has given to one adapter, each a child of the cache, so that a Keyv clears and walks its own
 * at the cost of its own. No two have one child. Without a namespace it is the cache itself.
 *
 * Keyv never says who calls. An adapter is made for one Keyv; where several share it, what can be told from the key
 * is, and the rest is refused.
 */
export class KeyvNamespaces {
  readonly #cache: CacheLike;
  readonly #given = new Map<string | undefined, CacheLike>();
  #current: string | undefined;
  #users = 0;

  constructor(cache: CacheLike) {
    this.#cache = cache;
    this.#given.set(undefined, cache);
  }

  get current(): string | undefined {
    return this.#current;
  }

  /** Each Keyv listens to its adapter once, before it says its namespace. */
  join(): void {
    this.#users += 1;
  }

  /** Where the user is alone, it has moved, and the namespaces before are nobody's. */
  enter(namespace: string | undefined): void {
    if (this.#users < 2) this.#given.clear();
    this.#given.set(namespace, this.#childOf(namespace));
    this.#current = namespace;
  }

  /** The cache of the namespace that is current, or of the one that is named. */
  cache(namespace: string | undefined = this.#current): CacheLike {
    return this.#given.get(namespace) ?? this.#childOf(namespace);
  }

  /** The cache for a key that begins with its namespace, as Keyv 5 writes it; else that of the current one. */
  cacheOf(key: string): CacheLike {
    if (this.#given.size < 2) return this.cache();
    for (let end = key.lastIndexOf(":"); end > 0; end = key.lastIndexOf(":", end - 1)) {
      const cache = this.#given.get(key.slice(0, end));
      if (cache !== undefined) return cache;
    }
    return this.cache();
  }

  /**
   * The cache that is meant where no key is named.
   * @throws CacheError `UNSUPPORTED` where it could be that of any of several.
   */
  only(): CacheLike {
    if (this.#users < 2 || this.#given.size < 2) return this.cache();
    throw new CacheError(
      "UNSUPPORTED",
      "Several Keyvs with different namespaces share one adapter, and Keyv does not say which of them clears. Give each a toKeyv(cache) of its own, over the same cache.",
    );
  }

  #childOf(namespace: string | undefined): CacheLike {
    return namespace === undefined ? this.#cache : this.#cache.namespace(namespace.replace(ESCAPED, escape));
  }
}

function escape(character: string): string {
  const hex = character.charCodeAt(0).toString(16).toUpperCase();
  return hex.length > 2 ? `%u${hex}` : `%${hex.padStart(2, "0")}`;
}
