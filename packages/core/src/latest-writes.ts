type Write = () => Promise<boolean>;

/** Changes of keys, those of each key one after the other. */
export interface Changes {
  void(key: string): void;
  isWriting(key: string): boolean;
  /** Whether `turn` is the last of the changes of `key` that have not ended. */
  isLast(key: string, turn: Promise<unknown>): boolean;
  change<T>(keys: readonly string[], write: () => Promise<T>): Promise<T>;
}

interface Caller {
  readonly write: Write;
  readonly resolve: (isTaken: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** Writes of one value each that wait for an earlier change of their key. */
interface Waiting {
  readonly callers: Caller[];
  turn: Promise<unknown>;
}

/**
 * Writes that wait for an earlier change of their key are made as one, the last of them: nobody could have seen those in
 * between. So a key that many write at once does not take a round trip for each.
 */
export class LatestWrites {
  readonly #changes: Changes;
  readonly #waiting = new Map<string, Waiting>();

  constructor(changes: Changes) {
    this.#changes = changes;
  }

  /** Writes the value of `key`, or what is written to it right after. Resolves as that write does. */
  change(key: string, write: Write): Promise<boolean> {
    if (!this.#changes.isWriting(key)) return this.#changes.change([key], write);
    return new Promise((resolve, reject) => {
      const caller = { write, resolve, reject };
      const waiting = this.#waiting.get(key);
      // A deletion that was asked for in between comes in between.
      if (waiting === undefined || !this.#changes.isLast(key, waiting.turn)) return this.#wait(key, caller);
      this.#changes.void(key);
      waiting.callers.push(caller);
    });
  }

  #wait(key: string, caller: Caller): void {
    const waiting: Waiting = { callers: [caller], turn: Promise.resolve() };
    waiting.turn = this.#changes.change([key], () => {
      if (this.#waiting.get(key) === waiting) this.#waiting.delete(key);
      return writeLatest(waiting.callers);
    });
    this.#waiting.set(key, waiting);
  }
}

/** Where the last value is refused for what it is, the one before is the last. */
async function writeLatest(callers: Caller[]): Promise<void> {
  const last = callers.at(-1);
  try {
    const isTaken = await last?.write();
    for (const { resolve } of callers) resolve(isTaken === true);
  } catch (error) {
    last?.reject(error);
    callers.pop();
    if (callers.length > 0) await writeLatest(callers);
  }
}
