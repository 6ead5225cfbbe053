import { EventEmitter } from "node:events";
import type { RedisClient } from "@granary/redis";
import { Redis } from "ioredis";
import { expect, inject, test } from "vitest";
import { whenConnected } from "../src/connected.js";
import { forThisTest, LIBRARIES } from "./support/clients.js";

/** A client whose connection a test makes and ends. */
class HandClient extends EventEmitter {
  status = "connecting";
  pings = 0;
  async ping(): Promise<void> {
    this.pings += 1;
    throw new Error("not connected");
  }
}

const asClient = (client: HandClient): RedisClient => client as unknown as RedisClient;

test.each(["ready", "end", undefined])("a client that is %j is not waited for", (status) => {
  const client = Object.assign(new HandClient(), { status });
  expect(whenConnected(asClient(client))).toBeUndefined();
});

test.each(["ready", "end"])("all wait for one %s, and leave no listener", async (event) => {
  const client = new HandClient();
  const waits = Array.from({ length: 20 }, () => whenConnected(asClient(client)));
  expect(new Set(waits).size).toBe(1);
  expect([client.listenerCount("ready"), client.listenerCount("end")]).toEqual([1, 1]);
  client.status = event;
  client.emit(event);
  await waits[0];
  expect([client.listenerCount("ready"), client.listenerCount("end")]).toEqual([0, 0]);
  expect(whenConnected(asClient(client))).toBeUndefined();
  client.status = "reconnecting";
  expect(whenConnected(asClient(client))).not.toBe(waits[0]);
});

test("a client that connects with its first command is made to, once", () => {
  const client = Object.assign(new HandClient(), { status: "wait" });
  expect(whenConnected(asClient(client))).toBe(whenConnected(asClient(client)));
  expect(client.pings).toBe(1);
});

test.each(LIBRARIES)("a client of $library that is connecting is waited for", async ({ connect }) => {
  const client = forThisTest(connect(inject("redisUrl")));
  await whenConnected(client);
  expect(client.status).toBe("ready");
});

test("a lazy client, also one that keeps no queue, is connected by being waited for", async () => {
  for (const enableOfflineQueue of [true, false]) {
    const client = forThisTest(new Redis(inject("redisUrl"), { lazyConnect: true, enableOfflineQueue }));
    await whenConnected(client);
    expect(client.status).toBe("ready");
  }
});
