import { type CacheStats, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";

interface User {
  readonly id: number;
  readonly name: string;
  readonly joined: Date;
}

const users = createCache<User>({
  store: memoryStore({ maxEntries: 10_000 }),
  namespace: "users",
  ttl: "5m",
  staleIfError: "6h",
});

/** Loads a user once, however many ask, and for five minutes answers from memory. */
export function userById(id: number): Promise<User> {
  return users.getOrSet(id, () => fetchUser(id));
}

export async function main(): Promise<CacheStats> {
  await Promise.all([userById(7), userById(7), userById(7)]); // three ask at once: one load
  await userById(7); // from memory
  return users.stats(); // gets: 4, hits: 1, misses: 3, loads: 1
}

/** Your database stands here. */
async function fetchUser(id: number): Promise<User> {
  return { id, name: "Ada Lovelace", joined: new Date("2026-11-22") };
}
