import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { inject, onTestFinished } from "vitest";

/** A client with a key space of its own on the Redis of the tests; disconnected when the test is over. */
export function testClient(): Redis {
  const client = new Redis(inject("redisUrl"), { keyPrefix: `examples:${randomUUID()}:` });
  onTestFinished(() => client.disconnect());
  return client;
}
