export type { ValueMode } from "./keeping.js";
export { type MemoryStore, memoryStore } from "./memory-store.js";
export type { MemoryStoreOptions } from "./options.js";
export { sizeOf } from "./size-of.js";
