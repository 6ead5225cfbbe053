export { type RedisBusOptions, redisBus } from "./redis-bus.js";
export type { NatMap, NodeAddress, RedisClient, RedisConnection, RedisNode } from "./redis-client.js";
export { type RedisStoreOptions, redisStore } from "./redis-store.js";
export { type RedisTrackingOptions, redisTracking } from "./redis-tracking.js";
