import { createCache, guarded } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisBus, redisStore } from "@granary/redis";
import { tiered } from "@granary/tiered";
import { Cluster, Redis } from "ioredis";

/** A client as a user makes it: with nothing set that it does not need to find its server. */
export function clientOf({ port, sentinels, cluster, ...options }) {
  const host = "127.0.0.1";
  if (cluster !== undefined)
    return new Cluster(
      cluster.map((one) => ({ host, port: one })),
      options,
    );
  if (sentinels !== undefined) {
    return new Redis({ sentinels: sentinels.map((one) => ({ host, port: one })), ...options });
  }
  return new Redis(port, host, options);
}

/**
 * One client, as a user has it, whose connection for the bus takes a way of its own, so that one of the two can be cut.
 * What is published goes where the data goes.
 */
export function twoLines(client, other) {
  return {
    options: client.options,
    publish: (...given) => client.publish(...given),
    duplicate: (...given) => other.duplicate(...given),
    on: (...given) => client.on(...given),
    off: (...given) => client.off(...given),
  };
}

/** The pair of tiers of a node, with defaults, or with bugs that checkers have to find. */
export function storeOf({ client, busClient, plants }) {
  const l1 = memoryStore();
  const l2 = redisStore({ client });
  const bus = redisBus({ client: busClient });
  if (plants.includes("no guard")) return tiered({ l1, l2: { ...l2, remote: false }, bus });
  if (plants.includes("forgets"))
    return tiered({ l1: memoryStore({ maxEntries: 1 }), l2: forgetful(guarded(l2)), bus });
  if (plants.includes("deaf to gaps")) return tiered({ l1, l2, bus: deafToGaps(bus) });
  return tiered({ l1, l2, bus });
}

/** Says that it has taken every change, and what was loaded, so that nothing is owed to it. */
function forgetful(store) {
  const taken =
    (act, instead) =>
    (...given) =>
      Promise.resolve(act(...given)).catch(() => instead);
  return {
    ...store,
    set: taken(store.set),
    delete: taken(store.delete, false),
    many: { ...store.many, delete: taken(store.many.delete, 0) },
    leases: {
      ...store.leases,
      acquire: taken(store.leases.acquire, { type: "granted", entry: undefined }),
      fill: taken(store.leases.fill, true),
    },
  };
}

function deafToGaps(bus) {
  let gaps = 0;
  const first = (listener) => () => {
    gaps += 1;
    if (gaps === 1) listener.gap();
  };
  return { ...bus, subscribe: (listener) => bus.subscribe({ ...listener, gap: first(listener) }) };
}

/** The caches of a node, by what is asked of them. */
export function cachesOf({ store, plants, policy }) {
  const onStoreError = plants.includes("throws") ? "throw" : "ignore";
  const cache = (namespace, more) => createCache({ store, namespace, jitter: false, onStoreError, ...more });
  return {
    /** What is read over and over, and changed now and then. */
    hot: cache("hot", { ttl: "1h" }),
    /** What nobody has asked for before. */
    cold: cache("cold", { ttl: "1m" }),
    /** What is always past its ttl when it is asked for, and at hand. */
    old: cache("old", { ttl: 1, staleIfError: "1h", softTimeout: 100, ...policy }),
  };
}
