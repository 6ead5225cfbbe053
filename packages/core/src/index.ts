export type { BusListener, BusMessage, CacheBus } from "./bus.js";
export { type Clock, systemClock } from "./clock.js";
export { type Duration, parseDuration } from "./duration.js";
export { type Awaitable, type CacheEntry, isPromiseLike } from "./entry.js";
export { CacheError, type CacheErrorCode, isCacheError } from "./errors.js";
export type { Serializer } from "./serializer.js";
export type { Admit, CacheStore, ManyCapability, StoreEvent, WriteReason } from "./store.js";
export { decodeEntry, encodeEntry } from "./wire.js";
