import {
  type CacheEntry,
  CacheError,
  type CacheStore,
  type Clock,
  type Generation,
  type Invalidation,
  isCacheError,
  manyOf,
  runBehind,
  systemClock,
} from "@granary/core";
import { Changes } from "./changes.js";
import type { Fills } from "./fills.js";
import type { NearTier } from "./near-tier.js";

export interface RepairParts {
  readonly far: CacheStore;
  readonly clock: Clock;
  readonly near: NearTier;
  readonly fills: Fills;
  /** Tells the other nodes. */
  publish(keys: readonly string[]): void;
  /** Far has made an invalidation that it had missed. */
  invalidated(invalidation: Invalidation, generation: Generation | undefined): void;
  fail(operation: string, error: unknown, key?: string): void;
}

type Found = CacheEntry | undefined;

const RETRY_MS = 500;
const KEYS_A_CALL = 500;
/** A replica that takes over may be so far behind. */
const REPLICA_LAG_MS = 30_000;
const LAST_ROUND_MS = 500;
/** Failures of the server itself, which the next change would meet as well. */
const SERVER_FAILURES = ["STORE_TIMEOUT", "STORE_UNAVAILABLE", "CLOSED"] as const;

/**
 * What far did not take is remembered by its name, and deleted there once far is back: a value that was not taken is lost,
 * and what it was to replace never comes back. Until then far counts as holding nothing there. A deletion is right whenever
 * it comes, and however often, so nothing has to be compared.
 */
export class Repair {
  readonly #parts: RepairParts;
  readonly #missed: Changes;
  /** What far took lately, and may lose where another server takes over. */
  readonly #recent = new Changes(() => {});
  #round: Promise<void> | undefined;
  #cancelRetry: (() => void) | undefined;
  #state: "open" | "resting" = "resting";
  /** What was told of the outage that lasts. */
  readonly #told = new Set<string>();

  constructor(parts: RepairParts) {
    this.#parts = parts;
    this.#missed = new Changes((scope) => parts.fail("repair", tooMany(scope)));
  }

  /** How many changes far has not taken yet. */
  get owed(): number {
    return this.#missed.size;
  }

  /** Whether there is a change of `key` that far has not taken. */
  isMissed(key: string): boolean {
    return this.#missed.has(key);
  }

  /** Far did not take a change of `keys`, or nobody knows whether it did. */
  missed(keys: readonly string[]): void {
    const now = this.#parts.clock.now();
    for (const key of keys) this.#missed.add(key, now);
    this.#retryLater();
  }

  missedInvalidation(invalidation: Invalidation): void {
    this.#missed.addInvalidation(invalidation, this.#parts.clock.now());
    this.#retryLater();
  }

  /** Far has taken a change of `key`. Whether it had missed one, of which nobody has been told. */
  taken(key: string): boolean {
    this.#noteRecent().add(key, this.#parts.clock.now());
    return this.filled(key);
  }

  takenInvalidation(invalidation: Invalidation): void {
    this.#noteRecent().addInvalidation(invalidation, this.#parts.clock.now());
  }

  /** As `taken`, of a load: where that is lost, what it replaced was valid too. */
  filled(key: string): boolean {
    return this.owed > 0 && this.#missed.delete(key);
  }

  /** What may be seen of what far holds under `key`. */
  see(key: string, found: Found): Found {
    return this.#missed.covers(key, found) ? undefined : found;
  }

  /**
   * `see` for an answer that is asked for now: what far misses now counts as well, since it may be made up for while the
   * answer is on its way, behind the question.
   */
  sight(key: string): (found: Found) => Found {
    if (this.owed === 0) return (found) => this.see(key, found);
    const isMissed = this.#missed.covers(key, undefined);
    const before = this.#missed.invalidations;
    return (found) => {
      if (isMissed) return undefined;
      const isTagged = before.some(({ tags }) => tags?.some((tag) => found?.tags?.includes(tag)) === true);
      return isTagged ? undefined : this.see(key, found);
    };
  }

  /** Another server has taken over, and may not have what the last one took lately: it is made to lose that once more. */
  failover(): void {
    this.#noteRecent().moveTo(this.#missed, this.#parts.clock.now());
    this.wake();
  }

  /** Somebody uses the tiers, once more perhaps. */
  begin(): void {
    this.#state = "open";
    this.#retryLater();
  }

  /** Far may be back. */
  wake(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    if (this.owed > 0 && this.#state === "open") void this.#run();
  }

  /** Nobody uses the tiers any more. One round, as long as far answers; what is missed after it is kept. No timer is left. */
  async rest(): Promise<void> {
    this.#state = "resting";
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    if (this.owed === 0) return;
    let isLate = false;
    await new Promise<void>((resolve) => {
      const cancel = systemClock.after(LAST_ROUND_MS, () => {
        isLate = true;
        resolve();
      });
      const lastRound = async (): Promise<void> => {
        // What was missed since that began is not in it.
        await this.#round;
        if (!isLate) await this.#run();
        cancel();
        resolve();
      };
      void lastRound();
    });
  }

  #noteRecent(): Changes {
    this.#recent.forgetBefore(this.#parts.clock.now() - REPLICA_LAG_MS);
    return this.#recent;
  }

  #retryLater(): void {
    if (this.#state === "resting" || this.owed === 0 || this.#round !== undefined) return;
    this.#cancelRetry ??= runBehind(this.#parts.clock, RETRY_MS, () => this.wake());
  }

  #run(): Promise<void> {
    this.#round ??= this.#repair().finally(() => {
      this.#round = undefined;
      if (this.owed === 0) this.#told.clear();
      this.#retryLater();
    });
    return this.#round;
  }

  /** Has far lose everything once. A refusal that is about one change keeps no other from being made. */
  async #repair(): Promise<void> {
    for (const invalidation of this.#missed.invalidations)
      if (!(await this.#attempt(() => this.#invalidate(invalidation)))) return;
    const { keys } = this.#missed;
    for (let from = 0; from < keys.length; from += KEYS_A_CALL) {
      const batch = keys.slice(from, from + KEYS_A_CALL);
      if (!(await this.#attempt(() => this.#delete(batch), batch))) return;
    }
  }

  /** Whether far answers. Of several keys that it refuses together each is tried alone. */
  async #attempt(change: () => Promise<void>, keys: readonly string[] = []): Promise<boolean> {
    try {
      await change();
      return true;
    } catch (error) {
      const isAlone = keys.length < 2;
      if (isAlone) this.#tell(error, keys[0]);
      if (SERVER_FAILURES.some((code) => isCacheError(error, code))) return false;
      if (isAlone) return true;
    }
    for (const key of keys) if (!(await this.#attempt(() => this.#delete([key]), [key]))) return false;
    return true;
  }

  async #invalidate(invalidation: Invalidation): Promise<void> {
    const { far, invalidated } = this.#parts;
    const { version } = this.#missed;
    const generation = await far.invalidate?.(invalidation);
    this.#missed.deleteInvalidation(invalidation, version);
    this.takenInvalidation(invalidation);
    invalidated(invalidation, generation);
  }

  async #delete(keys: readonly string[]): Promise<void> {
    const { far, near, fills, publish } = this.#parts;
    const missed = keys.filter((key) => this.isMissed(key));
    if (missed.length === 0) return;
    const { version } = this.#missed;
    // No read of far that overlaps it is kept near.
    await fills.during(missed, async () => manyOf(far).delete(missed));
    // What far did not take meanwhile is for the next round.
    const made = missed.filter((key) => this.#missed.delete(key, version));
    for (const key of made) this.taken(key);
    // What is being written here is newer than what was repaired, and readers have seen it.
    for (const key of made) if (!fills.hear(key)) near.dropBehind(key);
    publish(made);
  }

  /** Each kind once in an outage: it is tried again twice a second. */
  #tell(error: unknown, key: string | undefined): void {
    const kind = `${String(error)} ${key}`;
    if (this.#told.has(kind) || this.#told.size > KEYS_A_CALL) return;
    this.#told.add(kind);
    this.#parts.fail("repair", error, key);
  }
}

function tooMany(scope: string): CacheError {
  return new CacheError("STORE_FAILED", `Too many namespaces are to be cleared in L2: not ${scope} any more.`);
}
