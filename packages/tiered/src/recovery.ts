import {
  type CacheEntry,
  CacheError,
  type CacheStore,
  type Clock,
  type Invalidation,
  MarkRegistry,
  type MissedChange,
  scopesOf,
} from "@granary/core";
import { replayPlainly } from "./replay-plainly.js";

export interface RecoveryParts {
  readonly far: CacheStore;
  readonly clock: Clock;
  /** Whether the application is writing `key` at this moment. */
  isWriting(key: string): boolean;
  /** Runs a change of keys: no read of far that overlaps it is kept near. */
  during<T>(keys: readonly string[], change: () => Promise<T>): Promise<T>;
  /** Far has taken what it was owed, or holds something newer: copies of `key` are out of date here and elsewhere. */
  settled(key: string): void;
  /** Far has taken a later change of `key` before this one. The others have heard of neither, if that was a load. */
  overtaken(key: string): void;
  /** Far has taken a mark, and says when. */
  marked(invalidation: Invalidation, at: number): void;
  fail(operation: string, error: unknown, key?: string): void;
}

interface OwedMark {
  readonly invalidation: Invalidation;
  readonly at: number;
}

/** Beyond this many what is oldest is folded into a mark that covers it. */
const MOST_OWED = 10_000;
const RETRY_MS = 500;
const REPLAYED_TOGETHER = 100;

/**
 * What the far tier did not take: it is told again until it has, and until then nothing older that it holds is seen
 * on this node. One change a key, the last wins. A value that far cannot have any more, since it has expired or
 * somebody else has changed the key, is owed as a deletion: what it replaced must not come back.
 */
export class Recovery {
  readonly #parts: RecoveryParts;
  readonly #changes = new Map<string, MissedChange>();
  readonly #marks = new Map<string, OwedMark>();
  /** Judges by the marks that are owed. */
  #judge = new MarkRegistry();
  #replaying: Promise<void> | undefined;
  #cancelRetry: (() => void) | undefined;
  #state: "open" | "closed" = "open";

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
  }

  /** How many changes and marks far has not taken yet. */
  get owed(): number {
    return this.#changes.size + this.#marks.size;
  }

  /** Far did not take a change of `key`, or nobody knows whether it did. */
  owe(key: string, change: MissedChange): void {
    // Set anew, so that the first is the one that waits the longest.
    this.#changes.delete(key);
    this.#changes.set(key, change);
    while (this.owed > MOST_OWED) this.#foldOldest();
    this.#retryLater();
  }

  oweMark(invalidation: Invalidation, at: number): void {
    const { scope, tags = [ALL] } = invalidation;
    for (const tag of tags) {
      const id = markId(scope, tag);
      this.#marks.delete(id);
      this.#marks.set(id, { invalidation: tag === ALL ? { scope } : { scope, tags: [tag] }, at });
    }
    this.#judge.raise(invalidation, at);
    while (this.owed > MOST_OWED) this.#foldOldest();
    this.#retryLater();
  }

  /** Far has taken a later change of `key`. */
  forget(key: string): void {
    if (this.#changes.size > 0 && this.#changes.delete(key)) this.#parts.overtaken(key);
  }

  /** Another node has changed `key`: which of the two changes is later is not known here. */
  concede(key: string): void {
    const owed = this.#changes.get(key);
    if (owed?.entry !== undefined) this.#changes.set(key, { at: owed.at });
  }

  /** A mark was raised: values that it meets are not given, nor written, any more. */
  invalidated({ scope, tags }: Invalidation, at: number): void {
    for (const [key, { entry }] of this.#changes) {
      const isMet = entry !== undefined && entry.createdAt <= at && scopesOf(key).includes(scope);
      if (isMet && (tags === undefined || tags.some((tag) => entry.tags?.includes(tag)))) this.concede(key);
    }
  }

  /** What may be seen of what far holds under `key`: nothing that is older than what far is owed. */
  see(key: string, found: CacheEntry | undefined): CacheEntry | undefined {
    if (this.owed === 0) return found;
    const owed = this.#changes.get(key);
    const isOlder = owed !== undefined && (found === undefined || found.createdAt <= owed.at);
    const seen = isOlder ? alive(owed.entry, this.#parts.clock.now()) : found;
    return seen === undefined || this.#judge.permits(key, seen) ? seen : undefined;
  }

  /** Far may be back. */
  wake(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    if (this.owed === 0 || this.#state === "closed") return;
    this.#replaying ??= this.#replay().finally(() => {
      this.#replaying = undefined;
      this.#retryLater();
    });
  }

  close(): void {
    this.#state = "closed";
    this.#cancelRetry?.();
  }

  #retryLater(): void {
    if (this.#state === "closed" || this.owed === 0 || this.#replaying !== undefined) return;
    this.#cancelRetry ??= this.#parts.clock.after(RETRY_MS, () => this.wake());
  }

  /** Tells far everything once; the first thing that it does not take ends the round. */
  async #replay(): Promise<void> {
    try {
      for (const [id, mark] of [...this.#marks]) await this.#replayMark(id, mark);
      const owed = [...this.#changes];
      for (let from = 0; from < owed.length; from += REPLAYED_TOGETHER) {
        const batch = owed.slice(from, from + REPLAYED_TOGETHER);
        await Promise.all(batch.map(([key, change]) => this.#replayChange(key, change)));
      }
    } catch (error) {
      this.#parts.fail("replay", error);
    }
  }

  async #replayMark(id: string, owed: OwedMark): Promise<void> {
    const { far, marked } = this.#parts;
    const at = (await far.invalidate?.(owed.invalidation, owed.at)) ?? owed.at;
    if (this.#marks.get(id) === owed) this.#marks.delete(id);
    if (this.#marks.size === 0) this.#judge = new MarkRegistry();
    marked(owed.invalidation, at);
  }

  async #replayChange(key: string, owed: MissedChange): Promise<void> {
    const { far, clock, during, isWriting, settled } = this.#parts;
    if (this.#changes.get(key) !== owed) return;
    const change = replayable(owed, clock.now());
    await during([key], async () => {
      if (far.replay !== undefined) await far.replay(key, change);
      else await replayPlainly(far, { key, change, isOvertaken: () => isWriting(key) });
    });
    if (this.#changes.get(key) === owed) this.#changes.delete(key);
    settled(key);
  }

  /** The namespace of what is oldest is cleared in its stead. Only clears of namespaces that have no room are forgotten. */
  #foldOldest(): void {
    const [change] = this.#changes;
    const [mark] = this.#marks;
    if (change !== undefined) {
      this.#changes.delete(change[0]);
      this.#clear(scopesOf(change[0]).at(-1), change[1].at);
    } else if (mark !== undefined) {
      this.#marks.delete(mark[0]);
      const [root] = scopesOf(`${mark[1].invalidation.scope}:`);
      if (mark[0] === markId(root ?? "", ALL)) this.#parts.fail("replay", tooManyClears(root));
      else this.#clear(root, mark[1].at);
    }
  }

  #clear(scope: string | undefined, at: number): void {
    if (scope === undefined) return;
    this.#marks.set(markId(scope, ALL), { invalidation: { scope }, at });
    this.#judge.raise({ scope }, at);
  }
}

/** Stands for no tag at all: a tag is not empty. */
const ALL = "";

function markId(scope: string, tag: string): string {
  return `${scope} ${tag}`;
}

function tooManyClears(scope: string | undefined): CacheError {
  const message = `More than ${MOST_OWED} namespaces wait to be cleared in the far tier: the clear of ${scope} is given up.`;
  return new CacheError("STORE_FAILED", message);
}

/** What of a change can still be made: a value that is over, or from another clock than is followed now, is a deletion. */
function replayable({ at, entry }: MissedChange, now: number): MissedChange {
  return { at, entry: at <= now ? alive(entry, now) : undefined };
}

function alive(entry: CacheEntry | undefined, now: number): CacheEntry | undefined {
  return entry === undefined || entry.keepUntil <= now ? undefined : entry;
}
