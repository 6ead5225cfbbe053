import { type Cache, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { tiered } from "@granary/tiered";

export const numbers: Cache<number> = createCache<number>({
  store: tiered({ l1: memoryStore({ maxEntries: 10 }), l2: memoryStore({ maxEntries: 10 }) }),
});

// @ts-expect-error a loader of another type is refused: the types are not `any`
void numbers.getOrSet("1", () => "one");
