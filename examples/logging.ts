import type { Cache } from "@granary/core";

/** What pino, winston and `console` have in common here. */
export interface Logger {
  info(line: string): void;
  warn(line: string): void;
}

/**
 * Writes a line for each outage of a store and one for its end, and a line for every other error. Returns a function
 * that stops it. Events of children reach their parent, so one call for the root cache is enough.
 */
export function main(cache: Cache<unknown>, logger: Logger): () => void {
  const stops = [
    // Half-open is only a probe: the outage goes on or is over.
    cache.on("breaker", ({ store, state }) => {
      if (state === "open") logger.warn(`cache: ${store} does not answer, going on without it`);
      if (state === "closed") logger.info(`cache: ${store} is back`);
    }),
    cache.on("error", ({ operation, key, error }) => {
      logger.warn(`cache: ${operation}${key === undefined ? "" : ` of ${key}`} failed: ${String(error)}`);
    }),
    // The reader was given a stale value, so nobody else will tell you.
    cache.on("fallback", ({ key, reason }) => logger.warn(`cache: stale ${key}, its load ${reason}`)),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
