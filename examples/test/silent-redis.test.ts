import { randomUUID } from "node:crypto";
import { createCache } from "@granary/core";
import { redisStore } from "@granary/redis";
import { tcpProxy } from "@granary/testkit/tcp-proxy";
import { Redis } from "ioredis";
import { expect, inject, onTestFinished, test } from "vitest";
import { eventually } from "../../test/support/eventually.js";

test("while Redis is silent, callers get what is loaded for them", async () => {
  const proxy = await tcpProxy({ target: { port: Number(new URL(inject("redisUrl")).port) } });
  const client = new Redis({ port: proxy.port, commandTimeout: 50 });
  onTestFinished(async () => {
    client.disconnect();
    await proxy.close();
  });
  const cache = createCache<string>({ store: redisStore({ client }), namespace: randomUUID() });
  const errors: string[] = [];
  cache.on("error", ({ operation }) => errors.push(operation));

  const written = async (): Promise<string | undefined> => {
    await cache.set("tea", "green");
    return cache.get("tea");
  };
  // On a busy machine calls may take longer than 50 ms while Redis is there, too.
  await eventually(written, (value) => value === "green");
  proxy.blackHole();
  expect(await cache.getOrSet("tea", () => "loaded")).toBe("loaded");
  expect(errors).toContain("get");

  await proxy.mend();
  expect(await eventually(() => cache.get("tea"), (value) => value !== undefined)).toBe("green");
});
