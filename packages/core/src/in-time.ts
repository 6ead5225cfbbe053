import { CacheError } from "./errors.js";

/** How long something is waited for. */
export interface TimeGiven {
  /** Calls its argument when the time is up, unless what it returns is called before. */
  timer(late: () => void): () => void;
  /** The error of what came too late. */
  late(): Error;
}

/** As `answer`, or rejects where that takes too long. No timer is left behind. */
export function inTime<T>(answer: PromiseLike<T>, { timer, late }: TimeGiven): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = timer(() => reject(late()));
    answer.then(resolve, reject);
    answer.then(cancel, cancel);
  });
}

/** The error of a load, a caller or the check of a value that ran into `hardTimeout`. */
export function loadTimeout(key: string): CacheError {
  return new CacheError(
    "LOAD_TIMEOUT",
    `The load of ${key}, or its check by the schema, did not end within hardTimeout.`,
  );
}
