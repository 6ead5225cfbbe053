import { createCache, guarded } from "@granary/core";
import { redisStore } from "@granary/redis";
import { expect, onTestFinished, test } from "vitest";
import { ownName, redisClient } from "./support/redis-client.js";

test("C7: what was made stale on Redis is never given as fresh by a read after it", async () => {
  const client = redisClient();
  onTestFinished(() => client.disconnect());
  const cache = createCache<number>({
    store: guarded(redisStore({ client }), { timeout: "1m" }),
    namespace: ownName(),
    staleIfError: "1h",
  });
  onTestFinished(() => cache.close());
  const ids = Array.from({ length: 200 }, (_, at) => at);
  const given: (number | undefined)[] = [];
  for (const id of ids) {
    await cache.set(id, id);
    await cache.expire(id);
    given.push(await cache.get(id));
  }
  expect(given).toEqual(ids.map(() => undefined));
  expect((await cache.entry(7))?.value).toBe(7);
});
