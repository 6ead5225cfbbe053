export type { KeyvItem, KeyvLike } from "./keyv-like.js";
export { type KeyvStoreOptions, keyvStore } from "./keyv-store.js";
export { type CacheLike, type KeyvAdapter, toKeyv } from "./to-keyv.js";
