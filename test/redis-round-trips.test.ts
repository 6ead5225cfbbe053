import { createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisBus, redisStore } from "@granary/redis";
import { tiered } from "@granary/tiered";
import { Redis } from "ioredis";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "./support/eventually.js";
import { startRedis } from "./support/redis-server.js";

/** What a client asks of its own accord: who the server is, what time it is there, and whether it is there. */
const HOUSEKEEPING = new Set(["info", "time", "ping", "client", "hello", "config", "monitor", "subscribe"]);

/** The steps of the script. */
const STEPS = new Set([
  "set",
  "delete",
  "records",
  "acquire",
  "fill",
  "renew",
  "release",
  "expire",
  "invalidate",
  "tags",
  "together",
]);

/** A node, and the commands that its Redis is sent. */
async function open() {
  const server = await startRedis();
  onTestFinished(server.stop);
  const [client, admin] = [new Redis(server.url), new Redis(server.url)];
  const bus = redisBus({ client });
  const store = tiered({ l1: memoryStore(), l2: redisStore({ client }), l2Timeout: "1m", bus });
  const cache = createCache<string>({ store, namespace: "ns", ttl: "1h" });
  cache.on("error", () => {});
  // The scripts are known, the clock is in step, and the bus listens.
  await cache.set("before", "value");
  await cache.getOrSet("warm", () => "value");
  await eventually(
    () => admin.pubsub("NUMSUB", "granary:bus"),
    (answer) => answer[1] === 1,
  );
  const monitor = await admin.monitor();
  const sent: string[] = [];
  let echoes = 0;
  // What a script does itself is said to come from "lua".
  monitor.on("monitor", (_time: string, words: string[], source: string) => {
    const command = String(words[0]).toLowerCase();
    if (source === "lua" || HOUSEKEEPING.has(command)) return;
    if (command === "echo") sent.push(`echo ${words[1]}`);
    else sent.push(command.startsWith("eval") ? `${command} ${words.find((word) => STEPS.has(word))}` : command);
  });
  onTestFinished(async () => {
    await cache.close();
    for (const each of [client, admin, monitor]) each.disconnect();
  });
  /** Resolves once the monitor has told all that the client has sent. */
  const told = async (): Promise<void> => {
    echoes += 1;
    await client.echo(String(echoes));
    await eventually(
      async () => sent,
      (all) => all.at(-1) === `echo ${echoes}`,
    );
  };
  /** What `call` has Redis be sent, in order. */
  const sentBy = async (call: () => Promise<unknown>): Promise<readonly string[]> => {
    await told();
    sent.length = 0;
    await call();
    await told();
    return sent.slice(0, -1);
  };
  return { cache, sentBy };
}

describe("what a server is sent, over memory and Redis, for", () => {
  test("a cold miss is a look, a lease and a fill", async () => {
    const { cache, sentBy } = await open();
    expect(await sentBy(() => cache.getOrSet("cold", () => "loaded"))).toEqual([
      "mget",
      "evalsha acquire",
      "evalsha fill",
    ]);
    expect(await sentBy(() => cache.getOrSet("cold", () => "never"))).toEqual([]);
  });

  test("a cold miss in a child of the namespace is no more", async () => {
    const { cache, sentBy } = await open();
    const child = cache.namespace("child");
    expect(await sentBy(() => child.getOrSet("cold", () => "loaded"))).toEqual([
      "mget",
      "evalsha acquire",
      "evalsha fill",
    ]);
  });

  test("a set is a step and a publish, and so are a delete, a clear and an invalidation of tags", async () => {
    const { cache, sentBy } = await open();
    expect(await sentBy(() => cache.set("k", "value", { tags: ["t"] }))).toEqual(["evalsha set", "publish"]);
    expect(await sentBy(() => cache.delete("k"))).toEqual(["evalsha delete", "publish"]);
    expect(await sentBy(() => cache.invalidateTags("t"))).toEqual(["evalsha invalidate", "publish"]);
    expect(await sentBy(() => cache.clear())).toEqual(["evalsha invalidate", "publish"]);
  });

  test("an expire is a step, a look at what it has made, and a publish", async () => {
    const { cache, sentBy } = await open();
    await cache.set("k", "value");
    expect(await sentBy(() => cache.expire("k"))).toEqual(["evalsha expire", "get", "publish"]);
  });
});
