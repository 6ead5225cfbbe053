import { randomUUID } from "node:crypto";
import { createCache } from "@granary/core";
import { redisStore } from "@granary/redis";
import { tcpProxy } from "@granary/testkit/tcp-proxy";
import { Redis } from "ioredis";
import { expect, inject, onTestFinished, test } from "vitest";

/** On a machine that is busy a call may run into its limit of 250 ms while Redis is there, too. */
const patient = { timeout: 60_000 };

test("while Redis is silent, callers get what is loaded for them", async () => {
  const proxy = await tcpProxy({ target: { port: Number(new URL(inject("redisUrl")).port) } });
  const client = new Redis({ port: proxy.port });
  onTestFinished(async () => {
    client.disconnect();
    await proxy.close();
  });
  const cache = createCache<string>({ store: redisStore({ client }), namespace: randomUUID() });
  const errors: string[] = [];
  cache.on("error", ({ operation }) => errors.push(operation));

  const written = async () => {
    await cache.set("tea", "green");
    return cache.get("tea");
  };
  await expect.poll(written, patient).toBe("green");
  proxy.blackHole();
  expect(await cache.getOrSet("tea", () => "loaded")).toBe("loaded");
  expect(errors).toContain("get");

  await proxy.mend();
  await expect.poll(() => cache.get("tea"), patient).toBe("green");
});
