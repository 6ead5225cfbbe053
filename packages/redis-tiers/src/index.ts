export { type RedisTiers, type RedisTiersOptions, redisTiers } from "./redis-tiers.js";
