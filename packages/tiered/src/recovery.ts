import {
  type CacheEntry,
  type CacheStore,
  type Clock,
  type Invalidation,
  type MarkRegistry,
  type MissedChange,
  runBehind,
  scopesOf,
} from "@granary/core";
import { LoneLoads } from "./lone-loads.js";
import { ALL, markId, newJudge, type OwedMark, tooManyClears } from "./owed-marks.js";
import { replayPlainly } from "./replay-plainly.js";
import { alive, replayable } from "./replayable.js";

export interface RecoveryParts {
  readonly far: CacheStore;
  readonly clock: Clock;
  /** Whether the application is writing `key` at this moment. */
  isWriting(key: string): boolean;
  /** Runs a change of keys: no read of far that overlaps it is kept near. */
  during<T>(keys: readonly string[], change: () => Promise<T>): Promise<T>;
  /** Far has taken what it was owed, or holds something newer: copies of `key` are out of date here and elsewhere. */
  settled(key: string): void;
  /** Far has taken a mark, and says when. */
  marked(invalidation: Invalidation, at: number): void;
  fail(operation: string, error: unknown, key?: string): void;
  /** Whether a mark that this node knows of meets the entry. */
  isInvalidated(key: string, entry: CacheEntry): boolean;
}

/** What stands between a reader and what far holds. */
interface Owed {
  readonly owed: MissedChange | undefined;
  readonly judge: MarkRegistry;
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
  readonly #loneLoads = new LoneLoads();
  /** Judges by the marks that are owed. */
  #judge = newJudge();
  #replaying: Promise<void> | undefined;
  #cancelRetry: (() => void) | undefined;
  #state: "open" | "resting" = "resting";

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
  }

  /** How many changes and marks far has not taken yet. */
  get owed(): number {
    return this.#changes.size + this.#marks.size;
  }

  /** What far did not take of `key`. */
  readonly owedFor = (key: string): MissedChange | undefined => this.#changes.get(key);

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

  /** Far has taken a later change of `key`. Whether one was owed, of which nobody has been told. */
  forget(key: string): boolean {
    this.#loneLoads.forget(key);
    return this.#changes.size > 0 && this.#changes.delete(key);
  }

  /** Another node has changed `key`: which of the two changes is later is not known here. */
  concede(key: string): void {
    const owed = this.#changes.get(key);
    if (owed?.entry !== undefined) this.#changes.set(key, { at: owed.at });
  }

  /** This node loaded an entry that far was not given. What was written before is not the latest any more. */
  loadedAlone(key: string, entry: CacheEntry): void {
    this.concede(key);
    this.#loneLoads.add(key, entry);
  }

  /** A mark was raised: values that it meets are not given, nor written, any more. */
  invalidated({ scope, tags }: Invalidation, at: number): void {
    for (const [key, { entry }] of this.#changes) {
      const isMet = entry !== undefined && entry.createdAt <= at && scopesOf(key).includes(scope);
      if (isMet && (tags?.some((tag) => entry.tags?.includes(tag)) ?? true)) this.concede(key);
    }
  }

  /** What may be seen of what far holds under `key`: nothing that is older than what far is owed. */
  see(key: string, found: CacheEntry | undefined): CacheEntry | undefined {
    return this.owed === 0 ? found : this.#seen(key, found, { owed: this.#changes.get(key), judge: this.#judge });
  }

  /**
   * Where the latest value of `key` is, where `near` is the copy here. Far can be behind what this node loaded on its
   * own while it was away, or have lost what it had: readers here do not go back.
   */
  compare(key: string, found: CacheEntry | undefined, near: CacheEntry | undefined): "far" | "near" {
    const newest = Math.max(near?.createdAt ?? Number.NEGATIVE_INFINITY, this.#loneLoads.createdAt(key));
    if (found !== undefined && found.createdAt < newest) {
      this.owe(key, { at: found.createdAt });
      this.wake();
      return "near";
    }
    this.#loneLoads.forget(key);
    return "far";
  }

  /**
   * `see` for an answer that is asked for now. What is owed now counts as well: a change that is made up for while the
   * answer is on its way may have come to far behind the question.
   */
  sight(key: string): (found: CacheEntry | undefined) => CacheEntry | undefined {
    const judged = (found: CacheEntry | undefined): CacheEntry | undefined => this.see(key, this.#known(key, found));
    const [owed, judge] = [this.#changes.get(key), this.#judge];
    if (this.owed === 0) return judged;
    return (found) => judged(this.#seen(key, found, { owed, judge }));
  }

  /** Somebody uses the tiers, once more perhaps: what is owed is told again. */
  begin(): void {
    this.#state = "open";
    this.#retryLater();
  }

  /** Far may be back. */
  wake(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    if (this.owed === 0 || this.#state === "resting") return;
    this.#replaying ??= this.#replay().finally(() => {
      this.#replaying = undefined;
      this.#retryLater();
    });
  }

  /** Nobody uses the tiers any more. What is owed is kept for who does next. No timer is left. */
  rest(): void {
    this.#state = "resting";
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
  }

  /** Far may not have been able to judge what it gives, or have lost the mark that would have met it. */
  #known(key: string, found: CacheEntry | undefined): CacheEntry | undefined {
    return found === undefined || this.#parts.isInvalidated(key, found) ? undefined : found;
  }

  #seen(key: string, found: CacheEntry | undefined, { owed, judge }: Owed): CacheEntry | undefined {
    const isOlder = owed !== undefined && (found === undefined || found.createdAt <= owed.at);
    const seen = isOlder ? alive(owed.entry, this.#parts.clock.now()) : found;
    return seen === undefined || judge.permits(key, seen) ? seen : undefined;
  }

  #retryLater(): void {
    if (this.#state === "resting" || this.owed === 0 || this.#replaying !== undefined) return;
    this.#cancelRetry ??= runBehind(this.#parts.clock, RETRY_MS, () => this.wake());
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
    if (this.#marks.size === 0) this.#judge = newJudge();
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
      if (mark[0] === markId(root ?? "", ALL)) this.#parts.fail("replay", tooManyClears(MOST_OWED, root));
      else this.#clear(root, mark[1].at);
    }
  }

  #clear(scope: string | undefined, at: number): void {
    if (scope === undefined) return;
    this.#marks.set(markId(scope, ALL), { invalidation: { scope }, at });
    this.#judge.raise({ scope }, at);
    if (this.#judge.size > 2 * MOST_OWED) this.#judgeAnew();
  }

  /** By what is still owed. */
  #judgeAnew(): void {
    this.#judge = newJudge();
    for (const { invalidation, at } of this.#marks.values()) this.#judge.raise(invalidation, at);
  }
}
