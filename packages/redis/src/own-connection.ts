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
  enableAutoPipelining: false,
  commandTimeout: undefined,
  socketTimeout: undefined,
  connectTimeout: 2_000,
  sentinelCommandTimeout: 2_000,
  disconnectTimeout: 100,
  monitor: false,
  retryStrategy: () => null,
  // Where one library understands this, the others do as much anyway: every reply as it was before RESP3.
  protocol: 2,
  replyMapping: "legacy",
  reconnectOnError: null,
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
  // A cluster that connects with its first command would else know no node until then, and nobody be heard.
  if (nodes.length === 0) void client.ping().catch(() => {});
  return nodes[Math.floor(Math.random() * nodes.length)]?.duplicate(own);
}
