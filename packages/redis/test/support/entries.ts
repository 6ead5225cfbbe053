import type { CacheEntry, CacheStore, Serializer, StoreEvent } from "@granary/core";
import { superjsonSerializer } from "@granary/superjson";
import { declared } from "./clients.js";

export const NOW = 1_700_000_000_000;

/** An entry that is fresh for a minute from now on, by the machine's clock. */
export function entryOf(value: unknown, lifeMs = 60_000): CacheEntry {
  const createdAt = Date.now();
  return { value, createdAt, freshUntil: createdAt + lifeMs, keepUntil: createdAt + lifeMs };
}

/** Writes bytes that are not text: each bit of what superjson writes turned over. */
export const binarySerializer: Serializer = {
  encode: (value) => turnedOver(Buffer.from(superjsonSerializer.encode(value))),
  decode: (data) => superjsonSerializer.decode(Buffer.from(turnedOver(Buffer.from(data))).toString()),
};

function turnedOver(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes, (byte) => byte ^ 0xff);
}

/** All that `store` says outside its calls. */
export function eventsOf(store: CacheStore): StoreEvent[] {
  const events: StoreEvent[] = [];
  declared(store.on)((event) => events.push(event));
  return events;
}

export async function walked(store: CacheStore, glob: string): Promise<string[]> {
  const keys = new Set<string>();
  for await (const batch of declared(store.walk)(glob)) for (const key of batch) keys.add(key);
  return [...keys].sort();
}
