import type { BusListener } from "./bus.js";
import { callSafely } from "./call-safely.js";

/**
 * Calls a listener of the user. What it throws, and what it rejects with where it is async, is told by `tell`, and on the
 * console where that fails too. Nobody who is told after it misses anything.
 */
export function callListener(call: () => unknown, tell: (error: unknown) => unknown): void {
  callSafely(call, (error) => callSafely(() => tell(error), warn));
}

/** `listener` as a bus should call it: never throwing. Its failures are told to its own `error`. */
export function safeListener(listener: BusListener): BusListener {
  const tell = (call: () => unknown): void => callListener(call, (error) => listener.error(error));
  return {
    message: (message) => tell(() => listener.message(message)),
    gap: () => tell(() => listener.gap()),
    error: (error) => tell(() => listener.error(error)),
  };
}

function warn(error: unknown): void {
  // oxlint-disable-next-line no-console -- the last resort: who is to be told has failed
  console.warn("granary: a listener failed, and failed to be told so.", error);
}
