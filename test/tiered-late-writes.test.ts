import { type Cache, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisStore } from "@granary/redis";
import { localHub } from "@granary/testkit";
import { tcpProxy } from "@granary/testkit/tcp-proxy";
import { tiered } from "@granary/tiered";
import { Redis } from "ioredis";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "./support/eventually.js";
import { ownRedis } from "./support/own-redis.js";

const own = ownRedis();

/** How long the node that is cut off waits, in milliseconds. */
const TIMEOUT_MS = 200;

/** Two nodes on one Redis. */
interface Pair {
  readonly cut: Cache<string>;
  readonly sound: Cache<string>;
  /** Holds whatever the one sends from now on. */
  hold(): void;
  /** Lets it pass. */
  pass(): Promise<void>;
}

type Told = "is told of it" | "is not told";

async function pair(told: Told): Promise<Pair> {
  await own.admin.flushall();
  const [hub, proxy] = [localHub(), await tcpProxy({ target: { port: own.server.port } })];
  const busOf = (name: string) => (told === "is told of it" ? { bus: hub.bus(name) } : {});
  const node = async (name: string, port: number, l2Timeout: number): Promise<Cache<string>> => {
    const client = new Redis(port);
    const l2 = redisStore({ client });
    const cache = createCache<string>({
      store: tiered({ l1: memoryStore(), l2, l2Timeout, ...busOf(name) }),
      jitter: false,
    });
    cache.on("error", () => undefined);
    onTestFinished(async () => {
      await cache.close();
      client.disconnect();
    });
    await client.ping();
    await l2.ready?.();
    return cache;
  };
  const cut = await node("cut", proxy.port, TIMEOUT_MS);
  const sound = await node("sound", own.server.port, 10_000);
  onTestFinished(() => proxy.close());
  return { cut, sound, hold: () => proxy.blackHole(), pass: () => proxy.mend() };
}

const owedBy = (cache: Cache<string>): number | undefined => cache.stats().stores["redis"]?.owed;

const CHANGES = [
  ["set", async (cache: Cache<string>) => cache.set("k", "newer"), "newer"],
  ["delete", async (cache: Cache<string>) => cache.delete("k"), undefined],
] as const;

describe.each(["is told of it", "is not told"] as const)("a write that was held back, of a node that %s", (told) => {
  test.each(CHANGES)("gives way to a later %s by another one", async (_name, change, after) => {
    const { cut, sound, hold, pass } = await pair(told);
    expect(await sound.set("k", "old")).toBe(true);
    expect(await cut.get("k")).toBe("old");
    hold();
    expect(await cut.set("k", "late")).toBe(false);
    expect([await cut.get("k"), owedBy(cut)]).toEqual(["late", 1]);
    expect(await change(sound)).toBe(true);
    await pass();
    await eventually(
      async () => owedBy(cut),
      (owed) => owed === 0,
    );
    // What the repair deletes may be the later one: then that is lost as well, and nothing older is there.
    for (const found of [await cut.get("k"), await sound.get("k")]) expect([after, undefined]).toContain(found);
    expect((await own.admin.get("granary:v1:default:k")) ?? "").not.toContain("late");
  });
});
