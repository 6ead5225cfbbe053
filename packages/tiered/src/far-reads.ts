import { type Awaitable, type CacheEntry, type CacheStore, type Clock } from "@granary/core";
import { type FarRead, readOneFar } from "./far-tier.js";
import type { Fill, Fills } from "./fills.js";
import { asStale, type Intake } from "./near-entry.js";
import type { NearTier } from "./near-tier.js";
import type { Repair } from "./repair.js";
import { withoutFar } from "./without-far.js";

/** A read that may have to go far. */
export interface Read extends FarRead {
  /** What the near tier holds. */
  readonly near: CacheEntry | undefined;
}

export interface FarReadsParts {
  readonly near: NearTier;
  readonly far: CacheStore;
  /** Until the clock of the far tier can be relied on, or nobody can say whether it can. */
  ready(): Promise<void> | undefined;
  readonly fills: Fills;
  readonly repair: Repair;
  readonly clock: Clock;
  fail(operation: string, error: unknown, key?: string): void;
}

/** A read that is under way. */
interface Filling {
  readonly read: Read;
  readonly fill: Fill;
  readonly intake: Intake;
}

type Found = CacheEntry | undefined;

/** Reads of the far tier, each of which fills the near one. */
export class FarReads {
  readonly #parts: FarReadsParts;

  constructor(parts: FarReadsParts) {
    this.#parts = parts;
  }

  /** Far, or what near holds, as stale, where far cannot say. */
  get(key: string, read: Read): Promise<Found> {
    const { ready, clock } = this.#parts;
    const waiting = ready();
    if (waiting === undefined) return this.#join(key, read);
    // By a clock that is not in step yet a copy would be trusted for minutes too long.
    return waiting.then(() => this.#join(key, { ...read, now: clock.now() }));
  }

  /** Where far cannot say, what is loaded carries none: only near, so only this node, gives it out. */
  async generations(key: string): Promise<string> {
    const { far, fail } = this.#parts;
    try {
      return (await far.generations?.(key)) ?? "";
    } catch (error) {
      fail("generations", error, key);
      return "";
    }
  }

  /** Reads once for all who ask for `key` meanwhile. */
  #join(key: string, read: Read): Promise<Found> {
    const { fills, near } = this.#parts;
    const { epoch } = near;
    const shared = fills.shared(key, epoch);
    if (shared !== undefined) return shared;
    const fill = fills.begin(key);
    const found = this.#fill(key, { read, fill, intake: near.intake(read.now) });
    fill.shared = { found, epoch };
    return found;
  }

  /** Reads far and keeps a copy; a copy that far knows nothing of is dropped, since it was deleted there. */
  async #fill(key: string, filling: Filling): Promise<Found> {
    const { far, fills, repair } = this.#parts;
    const { read, fill } = filling;
    const see = repair.sight(key);
    try {
      const entry = see(await readOneFar(far, key, read));
      // What this node has and far is still to lose may be served as stale.
      if (repair.isMissed(key)) {
        repair.wake();
        return read.near && asStale(read.near, read.now);
      }
      const taken = this.#takeIn(key, entry, filling);
      if (taken !== undefined) await taken;
      return entry;
    } catch (error) {
      return await this.#withoutFar(key, read.now, error);
    } finally {
      fills.end(key, fill);
    }
  }

  #takeIn(key: string, entry: Found, { read, fill, intake }: Filling): Awaitable<unknown> {
    const { fills, near } = this.#parts;
    if (!fill.standing) return fills.overtaken(key, entry, near);
    fills.kept(fill);
    if (entry !== undefined) return near.put(key, entry, intake);
    return read.near === undefined ? undefined : near.drop(key);
  }

  /** What near holds at this moment: what it held at first may have been deleted since, or have come only then. */
  async #withoutFar(key: string, now: number, error: unknown): Promise<Found> {
    const { near, repair, fail } = this.#parts;
    const held = withoutFar(repair, key, { held: await near.find(key, now), now });
    if (held === undefined) throw error;
    fail("get", error, key);
    return held;
  }
}
