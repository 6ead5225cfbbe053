import { generationsOf, newEpoch } from "./generations.js";
import { scopesOf } from "./scope.js";
import type { Invalidation } from "./store.js";

/** Beyond this many, of namespaces and of tags in all of them, the older half is forgotten. */
const MOST_INVALIDATIONS = 20_000;

interface ScopeInvalidations {
  cleared: number;
  /** The last invalidation of any tag: a later entry need not be asked for its tags. */
  tagged: number;
  readonly tags: Map<string, number>;
}

/** What a store remembers of an entry: the place that `sequence` had when it was written. */
export interface Ordered {
  readonly sequence: number;
  readonly tags?: readonly string[] | undefined;
}

/** How many are remembered, and what happens before some are forgotten. */
export interface InvalidationsOptions {
  /** Beyond this many the older half is forgotten. Default: 20,000. */
  readonly most?: number;
  /** Called before any are forgotten: whoever holds entries drops those that are not valid. */
  readonly forgetting: () => void;
}

/**
 * The order in which entries were written to a store in this process, and invalidated. An entry is valid if nothing has
 * invalidated it since it was written. Bounded over all namespaces.
 */
export class Invalidations {
  /** Goes up with every invalidation: what was valid is valid as long as it stays the same. */
  sequence = 0;
  readonly epoch = newEpoch();
  /** What a load carries that begins now: one text for all between two invalidations. */
  carried = generationsOf([this]);
  /** In the order in which they were last invalidated. */
  readonly #scopes = new Map<string, ScopeInvalidations>();
  readonly #most: number;
  readonly #forgetting: () => void;
  #size = 0;
  #lastScopes: readonly string[] | undefined;
  #last: readonly ScopeInvalidations[] = [];

  constructor({ most = MOST_INVALIDATIONS, forgetting }: InvalidationsOptions) {
    this.#most = most;
    this.#forgetting = forgetting;
  }

  /** How many namespaces and tags are remembered. */
  get size(): number {
    return this.#size;
  }

  /** All that was written before this is invalid, as far as it is in the namespace or carries one of the tags there. */
  add({ scope, tags }: Invalidation): void {
    this.sequence += 1;
    this.carried = generationsOf([this]);
    const known = this.#scopes.get(scope) ?? this.#newScope();
    this.#scopes.delete(scope);
    this.#scopes.set(scope, known);
    this.#lastScopes = undefined;
    if (tags === undefined) known.cleared = this.sequence;
    else for (const tag of tags) this.#addTag(known, tag);
    if (this.#size > this.#most) this.#forgetOlder();
  }

  /** Whether nothing has invalidated the entry under `key` since it was written. Every hit in memory asks this. */
  permits(key: string, entry: Ordered): boolean {
    if (entry.sequence === this.sequence) return true;
    const scopes = this.#of(scopesOf(key));
    for (let at = 0; at < scopes.length; at += 1) if (isMet(scopes[at] as ScopeInvalidations, entry)) return false;
    return true;
  }

  #newScope(): ScopeInvalidations {
    this.#size += 1;
    return { cleared: 0, tagged: 0, tags: new Map() };
  }

  #addTag(known: ScopeInvalidations, tag: string): void {
    if (!known.tags.has(tag)) this.#size += 1;
    known.tags.set(tag, this.sequence);
    known.tagged = this.sequence;
  }

  /** A namespace goes with its tags, so that one with very many may be forgotten whole. */
  #forgetOlder(): void {
    this.#forgetting();
    for (const [scope, { tags }] of this.#scopes) {
      if (this.#size <= this.#most / 2) return;
      this.#scopes.delete(scope);
      this.#size -= 1 + tags.size;
    }
  }

  /** Those of the namespaces that have any. Entries of one namespace share one list of them, so the last is kept. */
  #of(scopes: readonly string[]): readonly ScopeInvalidations[] {
    if (scopes === this.#lastScopes) return this.#last;
    this.#last = scopes.flatMap((scope) => this.#scopes.get(scope) ?? []);
    this.#lastScopes = scopes;
    return this.#last;
  }
}

function isMet({ cleared, tagged, tags: invalidated }: ScopeInvalidations, { sequence, tags }: Ordered): boolean {
  if (sequence < cleared) return true;
  if (tags === undefined || sequence >= tagged) return false;
  for (let at = 0; at < tags.length; at += 1) {
    const last = invalidated.get(tags[at] as string);
    if (last !== undefined && sequence < last) return true;
  }
  return false;
}
