import { Client, Policy } from "@hapi/catbox";
import { Engine as MemoryEngine } from "@hapi/catbox-memory";
import { Engine as RedisEngine } from "@hapi/catbox-redis";
import { TTL_MS } from "./common.mjs";

export const about = {
  packages: ["@hapi/catbox", "@hapi/catbox-memory", "@hapi/catbox-redis"],
  docs: ["https://hapi.dev/module/catbox/api", "https://hapi.dev/module/catbox-memory/api"],
};

export const cannot = {
  tiered: "it has one tier",
  tags: "it has no tags",
  invalidateTag: "it has no tags",
  bound: "a full one takes nothing more until something expires",
  get: "a policy that loads is read through one method, which loads",
  getMany: "it has no read of many keys",
  getOrSetMany: "it has no read of many keys",
  entryCount: "it counts bytes, not entries",
  serializer: "it uses JSON",
};

/** "maxByteSize": 100 MB by default; here no bound, since it would refuse entries rather than make room. */
export const memory = ({ load }) => faceOf(new MemoryEngine({ maxByteSize: 0 }), load);

export const redis = ({ url, load }) => faceOf(new RedisEngine({ url, partition: "bench" }), load);

async function faceOf(engine, load) {
  const client = new Client(engine);
  await client.start();
  const policy = new Policy({ expiresIn: TTL_MS, generateFunc: load, generateTimeout: 30_000 }, client, "it");
  return {
    getOrSet: (key) => policy.get(key),
    set: (key, value) => policy.set(key, value),
    delete: (key) => policy.drop(key),
    close: () => client.stop(),
  };
}
