// What the size limit measures: what an application ships that holds a cache in memory.
import { createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";

export { createCache, memoryStore };
