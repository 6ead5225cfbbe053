export { type RedisBusOptions, redisBus } from "./redis-bus.js";
export type { RedisClient, RedisConnection, RedisNode, RedisPipeline } from "./redis-client.js";
export { type RedisStoreOptions, redisStore } from "./redis-store.js";
