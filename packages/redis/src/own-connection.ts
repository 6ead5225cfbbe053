import type { RedisClient, RedisConnection } from "./redis-client.js";

/**
 * The settings in which our connection differs from the client's. It does not reconnect by itself: a new one is
 * opened in its place, the same way for every library, server and cluster, so no resubscription goes unseen. What
 * takes too long is ended from outside; of several addresses, such as of sentinels, each is given a part of that.
 */
const OWN_SETTINGS = {
  lazyConnect: true,
  enableOfflineQueue: true,
  maxRetriesPerRequest: null,
  commandTimeout: undefined,
  connectTimeout: 2_000,
  sentinelCommandTimeout: 2_000,
  disconnectTimeout: 100,
  monitor: false,
  retryStrategy: () => null,
  // Where one library understands this, the others do as much anyway: every reply as it was before RESP3.
  protocol: 2,
};

/**
 * A connection with the client's settings, changed by `settings`. Of a cluster one node is taken, another one after a
 * failure, since a cluster's own duplicate moves its subscription between nodes without a word. `undefined`: none is
 * known yet.
 */
export function ownConnection(client: RedisClient, settings: object = {}): RedisConnection | undefined {
  const own = { ...OWN_SETTINGS, ...settings };
  if (client.isCluster !== true) return client.duplicate(own);
  const nodes = client.nodes?.("all") ?? [];
  return nodes[Math.floor(Math.random() * nodes.length)]?.duplicate(own);
}
