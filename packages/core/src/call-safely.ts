import { isPromiseLike } from "./entry.js";

/**
 * Calls a function of the user that is called in passing, such as a listener: nobody waits for what it gives. What it
 * throws, and what it rejects with where it is async, goes to `onFailure` and nowhere else.
 */
export function callSafely(call: () => unknown, onFailure: (error: unknown) => void): void {
  try {
    const given = call();
    // Wrapped, since the `then` of a stranger may throw, or call back twice.
    if (isPromiseLike(given)) Promise.resolve(given).then(undefined, onFailure);
  } catch (error) {
    onFailure(error);
  }
}
