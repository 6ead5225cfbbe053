import { isolatesRequests } from "./runtime.js";

/** What is being written, key by key. */
export class Turns {
  #last = new Map<string, Promise<unknown>>();

  /** Whether something is being written to `key` that is not done at once, and that others may wait for. */
  isTaken(key: string): boolean {
    return !isolatesRequests && this.#last.size > 0 && this.#last.has(key);
  }

  /** Whether `turn` is the last of what is being written to `key`. */
  isLast(key: string, turn: Promise<unknown>): boolean {
    return this.#last.get(key) === turn;
  }

  /**
   * Runs the writes of each key one after the other, so that a slow old one cannot land on top of a newer one.
   * The first starts at once. `ended` is called at the end, before anybody who waits goes on.
   */
  take<T>(keys: readonly string[], write: () => Promise<T>, ended?: () => void): Promise<T> {
    const before: Promise<unknown>[] = [];
    for (const key of keys) {
      const earlier = this.#last.get(key);
      if (earlier !== undefined && !isolatesRequests) before.push(earlier);
    }
    const turn = before.length === 0 ? write() : Promise.allSettled(before).then(write);
    for (const key of keys) this.#last.set(key, turn);
    const done = (): void => {
      for (const key of keys) if (this.#last.get(key) === turn) this.#last.delete(key);
      // A map that shrinks keeps its old tables, with all that was in them, for as long as a garbage collector may.
      if (this.#last.size === 0) this.#last = new Map();
      ended?.();
    };
    turn.then(done, done);
    return turn;
  }

  /** Resolves once what is being written to keys that begin with `base` at this moment is written, or is not. */
  async settled(base: string): Promise<void> {
    const writes = [...this.#last].filter(([key]) => key.startsWith(base)).map(([, write]) => write);
    await Promise.allSettled(writes);
  }
}
