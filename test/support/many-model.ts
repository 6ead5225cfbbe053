import type { CacheEventName } from "@granary/core";

/** How long the caches of the model are fresh, and how long they serve stale when a load fails. */
export const LIFE = { ttlMs: 60_000, staleIfErrorMs: 3_600_000, retryAfterMs: 10_000 } as const;

export const PATTERNS = ["*", "a*", "?", "b:?", "none"] as const;
export type Pattern = (typeof PATTERNS)[number];

const MATCHES: Readonly<Record<Pattern, (id: string) => boolean>> = {
  "*": () => true,
  "a*": (id) => id.startsWith("a"),
  // A character that is escaped in a key is several there.
  "?": (id) => id.length === 1 && id !== "?",
  "b:?": (id) => /^b:.$/.test(id),
  none: () => false,
};

/** What a loader does about an id. */
export type Fate = "loads" | "loads nothing" | "fails";

interface Kept {
  readonly value: unknown;
  readonly freshUntil: number;
  readonly keepUntil: number;
  readonly tags: readonly string[];
}

/** What a cache may answer where its store is free: between the two. */
export interface Range {
  readonly least: number;
  readonly most: number;
}

/** What a cache should do, one id at a time: a batch is nothing but its ids, one after the other. */
export class ManyModel {
  /** The events of the operation that runs, as `name id`. */
  events: string[] = [];
  /** Ids that were loaded in the operation that runs. */
  loaded: string[] = [];
  now: number;
  readonly #kept = new Map<string, Kept>();
  /** What a store may still hold the bytes of: it is gone for every read, yet perhaps deleted once more. */
  readonly #ghosts = new Set<string>();
  readonly #retryAt = new Map<string, number>();

  constructor(now: number) {
    this.now = now;
  }

  get(id: string): unknown {
    const kept = this.#alive(id);
    const isHit = kept !== undefined && kept.freshUntil > this.now;
    this.#tell(isHit ? "hit" : "miss", id);
    return isHit ? kept.value : undefined;
  }

  /** The value, or `"fails"` where a caller of this id alone would get the loader's error. */
  getOrSet(id: string, { fate, value, tags }: { fate: Fate; value: unknown; tags: readonly string[] }): unknown {
    const kept = this.#alive(id);
    const isCooling = (this.#retryAt.get(id) ?? 0) > this.now;
    if (kept !== undefined && (kept.freshUntil > this.now || isCooling)) {
      this.#tell("hit", id);
      return kept.value;
    }
    this.#tell("miss", id);
    this.loaded.push(id);
    if (fate === "fails") return this.#fail(id, kept);
    this.#tell("load", id);
    if (fate === "loads nothing") {
      // The record is gone at the origin (C38).
      if (kept !== undefined) this.#drop(id);
      return undefined;
    }
    this.#keep(id, { value, tags });
    return value;
  }

  set(id: string, { value, tags }: { value: unknown; tags: readonly string[] }): boolean {
    this.#retryAt.delete(id);
    this.#tell("set", id);
    if (value === undefined) this.#drop(id);
    else this.#keep(id, { value, tags });
    return value !== undefined;
  }

  delete(id: string): Range {
    const range = this.#existence(id);
    this.#retryAt.delete(id);
    this.#tell("delete", id);
    this.#drop(id);
    return range;
  }

  expire(id: string): boolean {
    const kept = this.#alive(id);
    this.#retryAt.delete(id);
    this.#tell("expire", id);
    if (kept === undefined || kept.freshUntil <= this.now) return false;
    const keepUntil = Math.min(kept.keepUntil, this.now + LIFE.staleIfErrorMs);
    this.#kept.set(id, { ...kept, freshUntil: this.now, keepUntil });
    return true;
  }

  invalidatePattern(pattern: Pattern): Range {
    const ids = [...new Set([...this.#kept.keys(), ...this.#ghosts])].filter(MATCHES[pattern]);
    const ranges = ids.map((id) => this.#existence(id));
    for (const id of ids) this.#drop(id);
    this.#retryAt.clear();
    return { least: sum(ranges.map(({ least }) => least)), most: sum(ranges.map(({ most }) => most)) };
  }

  invalidateTags(tags: readonly string[]): void {
    this.#retryAt.clear();
    for (const [id, kept] of this.#kept) if (kept.tags.some((tag) => tags.includes(tag))) this.#haunt(id);
  }

  clear(): void {
    this.#retryAt.clear();
    for (const id of [...this.#kept.keys()]) this.#haunt(id);
  }

  #fail(id: string, kept: Kept | undefined): unknown {
    this.#tell("loadError", id);
    if (kept === undefined) return "fails";
    this.#retryAt.set(id, this.now + LIFE.retryAfterMs);
    if (this.now >= kept.freshUntil + LIFE.staleIfErrorMs) return "fails";
    this.#tell("fallback", id);
    return kept.value;
  }

  #alive(id: string): Kept | undefined {
    const kept = this.#kept.get(id);
    if (kept === undefined || kept.keepUntil > this.now) return kept;
    this.#haunt(id);
    return undefined;
  }

  #existence(id: string): Range {
    const least = this.#alive(id) === undefined ? 0 : 1;
    return { least, most: this.#ghosts.has(id) ? 1 : least };
  }

  #keep(id: string, { value, tags }: { value: unknown; tags: readonly string[] }): void {
    const freshUntil = this.now + LIFE.ttlMs;
    this.#ghosts.delete(id);
    this.#kept.set(id, { value, tags, freshUntil, keepUntil: freshUntil + LIFE.staleIfErrorMs });
  }

  #haunt(id: string): void {
    this.#kept.delete(id);
    this.#ghosts.add(id);
  }

  #drop(id: string): void {
    this.#kept.delete(id);
    this.#ghosts.delete(id);
  }

  #tell(name: CacheEventName, id: string): void {
    this.events.push(`${name} ${id}`);
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
