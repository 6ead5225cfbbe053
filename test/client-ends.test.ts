import { createCache } from "@granary/core";
import { redisTiers } from "@granary/redis-tiers";
import { describe, expect, inject, onTestFinished, test, vi } from "vitest";
import { ALL_LIBRARIES, forThisTest } from "../packages/redis/test/support/clients.js";
import { ownName } from "./support/redis-client.js";

/** A node on `client`, and what went wrong there. */
function nodeOn(client: Parameters<typeof redisTiers>[0]["client"], namespace: string) {
  const cache = createCache<unknown>({
    namespace,
    store: redisTiers({ client, maxEntries: 1_000, channel: namespace, l2Timeout: "30s", breaker: false }),
  });
  const errors: unknown[] = [];
  cache.on("error", ({ error }) => errors.push(error));
  onTestFinished(() => cache.close());
  return { cache, errors };
}

async function soon(look: () => Promise<void>): Promise<void> {
  await vi.waitFor(look, { timeout: 10_000, interval: 10 });
}

describe.each(ALL_LIBRARIES)("C42: a client of $library", ({ connect }) => {
  test.each(["quit", "disconnect"] as const)(
    "that its owner ends by %s() is a store that is away, until it is connected again",
    async (end) => {
      const client = forThisTest(connect(inject("redisUrl")));
      const { cache, errors } = nodeOn(client, ownName());
      await cache.set("a", 1);
      await client[end]();
      await soon(async () => expect(client.status).toBe("end"));
      errors.length = 0;

      expect(await cache.getOrSet("b", async () => "loaded")).toBe("loaded");
      expect(await cache.set("c", 3)).toBe(false);
      expect(await cache.get("c")).toBe(3);
      expect(await cache.getMany(["d", "e"])).toEqual(new Map());
      expect(await cache.delete("a")).toBe(false);
      expect(await cache.get("a")).toBeUndefined();
      expect(errors.length).toBeGreaterThan(0);
      for (const error of errors) expect(String(error)).toContain("Connection is closed.");

      await client.connect();
      await soon(async () => expect(await cache.set("f", 6)).toBe(true));
    },
  );

  test("and its duplicate, which differs in what its owner says, serve two nodes that hear each other", async () => {
    const client = forThisTest(connect(inject("redisUrl")));
    const other = forThisTest(client.duplicate({ connectionName: "other", enableOfflineQueue: true }));
    const name = ownName();
    const [one, two] = [nodeOn(client, name), nodeOn(other, name)];
    await one.cache.set("k", "old");
    await soon(async () => expect(await two.cache.get("k")).toBe("old"));
    await two.cache.set("k", "new");
    await soon(async () => expect(await one.cache.get("k")).toBe("new"));
    expect([...one.errors, ...two.errors]).toEqual([]);
  });
});
