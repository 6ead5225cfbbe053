// ts-jest with `module: commonjs`, the oldest TypeScript that is supported, and types of every package checked.
import { type Cache, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { createSuperjsonSerializer, superjsonSerializer } from "@granary/superjson";
import { manualClock } from "@granary/testkit";
import { tcpProxy } from "@granary/testkit/tcp-proxy";
import { tiered } from "@granary/tiered";

declare const test: (name: string, run: () => Promise<void>) => void;
declare const expect: (value: unknown) => { toBe(other: unknown): void };

test("a typed cache works", async () => {
  for (const made of [createSuperjsonSerializer, manualClock, tcpProxy]) expect(typeof made).toBe("function");
  const store = tiered({ l1: memoryStore({ maxEntries: 10 }), l2: memoryStore({ maxEntries: 10 }) });
  const cache: Cache<number> = createCache<number>({ store });
  const seven: number = await cache.getOrSet("a", () => 7);
  expect(superjsonSerializer.decode(superjsonSerializer.encode(seven))).toBe(7);
  await cache.close();
});
