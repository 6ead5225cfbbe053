import { createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { tiered } from "@granary/tiered";

// Made once for all requests, as an application does.
const near = createCache({ store: memoryStore(), jitter: 0, hardTimeout: 200 });
const far = farStore();
const both = createCache({
  store: tiered({ l1: memoryStore(), l2: far }),
  namespace: "both",
  jitter: 0,
  hardTimeout: 200,
});
const caches = { near, both };
let loads = 0;

/** A store that takes its time, as one behind a network does. */
function farStore() {
  const entries = new Map();
  const later =
    (answer) =>
    async (...args) => {
      await scheduler.wait(5);
      return answer(...args);
    };
  return {
    name: "far",
    get: later((key) => entries.get(key)),
    set: later((key, entry) => void entries.set(key, entry)),
    delete: later((key) => entries.delete(key)),
  };
}

const never = () => new Promise(() => {});

const answers = {
  load: (cache, id) => cache.getOrSet(id, slow),
  stuck: (cache, id) => cache.getOrSet(id, never),
  leave: (cache, id) => {
    void cache.getOrSet(id, never).catch(() => {});
    return "left";
  },
  expire: async (cache, id) => {
    await cache.set(id, "old");
    return cache.expire(id, { staleWhileRevalidate: "1h" });
  },
  refresh: (cache, id, { ctx }) =>
    cache.getOrSet(id, held(id), { ...BEHIND, waitUntil: (work) => ctx.waitUntil(work) }),
  refreshAlone: (cache, id) => cache.getOrSet(id, held("nobody"), BEHIND),
  release: (_cache, id) => void released.add(id),
  get: (cache, id) => cache.get(id),
  set: (cache, id) => cache.set(id, "set"),
  many: async (cache, id) => [
    ...(await cache.getOrSetMany([id, `${id}2`], async (ids) => ids.map(() => "new"))).values(),
  ],
  loads: () => loads,
};

/** For a load that takes as long as the test says. */
const BEHIND = { staleWhileRevalidate: "1h", hardTimeout: "1m" };
const released = new Set();

function held(name) {
  return async () => {
    loads += 1;
    while (!released.has(name)) await scheduler.wait(5);
    return "new";
  };
}

async function slow() {
  loads += 1;
  await scheduler.wait(30);
  return "new";
}

// A worker is what its module exports by default.
// oxlint-disable-next-line import/no-default-export
export default {
  async fetch(request, _env, ctx) {
    const [, on, what, id] = new URL(request.url).pathname.split("/");
    try {
      return Response.json((await answers[what](caches[on], id, { ctx })) ?? null);
    } catch (error) {
      return Response.json(error.code ?? String(error));
    }
  },
};
