const PEERS = [
  "bentocache",
  "cacheable",
  "cache-manager",
  "keyv",
  "async-cache-dedupe",
  "cachified",
  "catbox",
  "unstorage",
];

/** Every library, and what is written without one. */
export const EVERYBODY = ["by-hand", "granary", ...PEERS];

/** The same on Redis, with what its clients do alone. */
export const ON_REDIS = ["by-hand", "autopipelining", "node-redis", "granary", ...PEERS];

/** Those that put memory over Redis. */
export const TIERED = ["by-hand", "granary", "bentocache", "cacheable", "cache-manager"];
