import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { inject } from "vitest";

/** A client of this run's Redis whose keys no other test touches. */
export function redisClient(): Redis {
  return new Redis(inject("redisUrl"), { keyPrefix: `${ownName()}:` });
}

/** A name that nothing else on this run's Redis has. */
export function ownName(): string {
  return `test-${randomUUID()}`;
}
