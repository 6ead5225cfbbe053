import type { CacheEntry, Clock, Serializer, StoreEvent } from "@granary/core";
import { superjsonSerializer } from "@granary/superjson";

/** An entry that is fresh for a minute and kept for two. */
export function entryOf(clock: Clock, value: unknown, changes: Partial<CacheEntry> = {}): CacheEntry {
  const now = clock.now();
  return { value, createdAt: now, freshUntil: now + 60_000, keepUntil: now + 120_000, ...changes };
}

/** The default serializer, except that it writes bytes. */
export const bytesSerializer: Serializer = {
  encode: (value) => new TextEncoder().encode(String(superjsonSerializer.encode(value))),
  decode: (data) => superjsonSerializer.decode(typeof data === "string" ? data : new TextDecoder().decode(data)),
};

/** The errors among `events`, as `operation: code or message`. */
export function errorsOf(events: readonly StoreEvent[]): string[] {
  return events.flatMap((event) => (event.type === "error" ? [`${event.operation}: ${describe(event.error)}`] : []));
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error ? String(error.code) : error.message;
}
