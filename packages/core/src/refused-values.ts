const TOLD_EVERY_MS = 60_000;
/** Beyond this many keys the one that was told first is forgotten, and may be told again before its time. */
const MOST_KEYS = 1_000;

/** Of which keys it was told that a value cannot be written: each once a minute, or a busy key would flood its listeners. */
export class RefusedValues {
  readonly #toldAt = new Map<string, number>();

  /** Whether it is to be told now. Then it counts as told. */
  isDue(key: string, now: number): boolean {
    const toldAt = this.#toldAt.get(key);
    // A clock that was set back does not silence anything.
    if (toldAt !== undefined && now >= toldAt && now - toldAt < TOLD_EVERY_MS) return false;
    this.#toldAt.delete(key);
    this.#toldAt.set(key, now);
    const [oldest] = this.#toldAt.size > MOST_KEYS ? this.#toldAt.keys() : [];
    if (oldest !== undefined) this.#toldAt.delete(oldest);
    return true;
  }
}
