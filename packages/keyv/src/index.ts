export type { CacheLike, LifeOptions } from "./cache-like.js";
export type { Keyv6Adapter, KeyvAdapter, KeyvVersion } from "./keyv-adapter.js";
export type { KeyvItem, KeyvLike } from "./keyv-like.js";
export { type KeyvStoreOptions, keyvStore } from "./keyv-store.js";
export { type ToKeyvOptions, toKeyv } from "./to-keyv.js";
