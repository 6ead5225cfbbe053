import { type Awaitable, type CacheEntry, isolatesRequests } from "@granary/core";
import type { NearTier } from "./near-tier.js";

type Found = Promise<CacheEntry | undefined>;

/** A read of the far tier that is to fill the near one. */
export interface Fill {
  /** Nothing changed the key since the read began, so that what it brings may be kept. */
  standing: boolean;
  /** What it finds, where others may share that: those who ask in the epoch in which it began. */
  shared: { readonly found: Found; readonly epoch: number } | undefined;
  /** The fill of the same key that began before it and has not ended. */
  earlier: Fill | undefined;
}

/** A key that this node is changing. */
interface Writing {
  writers: number;
  isHeardOf: boolean;
}

/** The reads of the far tier that are under way, and which of them a change has overtaken. */
export class Fills {
  /** The latest of each key, mostly the only one. */
  #begun = new Map<string, Fill>();
  #writing = new Map<string, Writing>();
  readonly #changedMeanwhile: (key: string) => void;

  /** `changedMeanwhile` is called at the end of a change of a key that another node has changed as well. */
  constructor(changedMeanwhile: (key: string) => void) {
    this.#changedMeanwhile = changedMeanwhile;
  }

  /** What a read of `key` that is under way will find, for whoever asks meanwhile, before any gap. */
  shared(key: string, epoch: number): Found | undefined {
    if (isolatesRequests) return undefined;
    for (let fill = this.#begun.get(key); fill !== undefined; fill = fill.earlier)
      if (fill.standing && Object.is(fill.shared?.epoch, epoch)) return fill.shared?.found;
    return undefined;
  }

  /** Begins a fill. One that begins while the key is written may read what was there before: it is void at once. */
  begin(key: string): Fill {
    const fill: Fill = { standing: !this.#writing.has(key), shared: undefined, earlier: this.#begun.get(key) };
    this.#begun.set(key, fill);
    return fill;
  }

  end(key: string, fill: Fill): void {
    const latest = this.#begun.get(key);
    if (latest !== fill) return unlink(latest, fill);
    if (fill.earlier !== undefined) this.#begun.set(key, fill.earlier);
    else this.#begun.delete(key);
    // A map that shrinks keeps its old tables, with all that was in them, for as long as a garbage collector may.
    if (this.#begun.size === 0) this.#begun = new Map();
  }

  /** Voids the fills of `key`: they are not kept, and whoever asks from now on does not get what they find. */
  void(key: string): void {
    for (let fill = this.#begun.get(key); fill !== undefined; fill = fill.earlier) fill.standing = false;
  }

  /** What `fill` has found is kept. Fills of its key that began before it, and end after it, may find what is older. */
  kept(fill: Fill): void {
    for (let { earlier } = fill; earlier !== undefined; earlier = earlier.earlier) earlier.standing = false;
  }

  /**
   * What a fill has found is given to who waits for it, and not kept. Who was given it must not find an older one afterwards:
   * another copy that is near may be one, and goes, unless this node is just writing it.
   */
  overtaken(key: string, found: CacheEntry | undefined, near: NearTier): Awaitable<unknown> {
    if (found === undefined || this.writersOf(key) > 0) return undefined;
    return near.dropUnless(key, found);
  }

  voidAll(): void {
    for (const key of this.#begun.keys()) this.void(key);
  }

  /**
   * Another node says that it has changed `key`. Whether this node is changing it too: then its copy stays until its
   * own change has ended, since readers here must not go back from what was written here to what was there before.
   */
  hear(key: string): boolean {
    this.void(key);
    const writing = this.#writing.get(key);
    if (writing !== undefined) writing.isHeardOf = true;
    return writing !== undefined;
  }

  /** How many changes of `key` are under way. */
  writersOf(key: string): number {
    return this.#writing.get(key)?.writers ?? 0;
  }

  /** Runs a change of `keys`: no fill that overlaps it is kept. */
  async during<T>(keys: readonly string[], change: () => Promise<T>): Promise<T> {
    for (const key of keys) this.beginWriting(key);
    try {
      return await change();
    } finally {
      for (const key of keys) this.endWriting(key);
    }
  }

  /** A change of `key` begins, and ends with `endWriting`. */
  beginWriting(key: string): void {
    this.void(key);
    const writing = this.#writing.get(key) ?? { writers: 0, isHeardOf: false };
    writing.writers += 1;
    this.#writing.set(key, writing);
  }

  endWriting(key: string): void {
    const writing = this.#writing.get(key);
    if (writing === undefined) return;
    writing.writers -= 1;
    if (writing.writers > 0) return;
    this.#writing.delete(key);
    if (this.#writing.size === 0) this.#writing = new Map();
    if (writing.isHeardOf) this.#changedMeanwhile(key);
  }
}

function unlink(latest: Fill | undefined, fill: Fill): void {
  for (let later = latest; later !== undefined; later = later.earlier)
    if (later.earlier === fill) later.earlier = fill.earlier;
}
