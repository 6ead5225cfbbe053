// A script that uses caches, closes of it all what it is told to, and is to end by itself. It runs the built packages, as
// an application would.
import { createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisBus, redisStore, redisTracking } from "@granary/redis";
import { tiered } from "@granary/tiered";
import { Redis } from "ioredis";

const { url, channel, use, end } = JSON.parse(process.argv[2] ?? "{}");
const isRemote = use !== "memory";
const client = isRemote ? new Redis(url, { keyPrefix: `${channel}:` }) : undefined;
const buses = { redisBus: () => redisBus({ client, channel }), redisTracking: () => redisTracking({ client }) };

function storeOf() {
  if (!isRemote) return memoryStore();
  const l2 = redisStore({ client });
  return use === "redis" ? l2 : tiered({ l1: memoryStore(), l2, bus: buses[use]() });
}

const cache = createCache({ store: storeOf(), ttl: "1h", staleWhileRevalidate: "1h", staleIfError: "1h" });
const never = () => new Promise(() => {});

await cache.set("a", 1);
await cache.getOrSet("b", () => 2);
await cache.invalidateTags("t");

const ends = {
  disconnect: () => client.disconnect(),
  quit: () => client.quit(),
  "disconnect at once": () => {
    cache.getOrSet("c", async () => 3).catch(() => {});
    void cache.set("d", 4);
    client.disconnect();
  },
  // Closes nothing: that the client is all that keeps the process shows once it does not count.
  "leave the client uncounted": () => client.stream.unref(),
  close: () => cache.close().then(() => client?.disconnect()),
  nothing: () => {},
  "a refresh behind that never ends": async () => {
    await cache.expire("a");
    await cache.getOrSet("a", never, { hardTimeout: "1h" });
    client?.disconnect();
  },
  "a soft timeout on a load that never ends": async () => {
    await cache.expire("a");
    await cache.getOrSet("a", never, { staleWhileRevalidate: 0, softTimeout: 10, hardTimeout: "1h" });
    client?.disconnect();
  },
  "a caller that waits for a load that never ends": async () => {
    const error = await cache.getOrSet("e", never, { hardTimeout: 50 }).catch(({ code }) => code);
    process.stdout.write(String(error));
    client?.disconnect();
  },
};
await ends[end]();
