import { type CacheBus, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisBus, redisStore } from "@granary/redis";
import { localHub, manualClock } from "@granary/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { eventually } from "./support/eventually.js";
import { packageCopies } from "./support/package-copies.js";
import { ownName, redisClient } from "./support/redis-client.js";
import { type Parts, SharedParts, type Step } from "./support/shared-parts.js";

const IS_FULL = process.env["GRANARY_FULL"] === "1";
const TIMEOUT = IS_FULL ? 900_000 : 60_000;
const SEED = 20_261_128;

const steps = fc.array(
  fc.record<Step>({
    verb: fc.constantFrom(
      "open",
      "open",
      "child",
      "set",
      "setMany",
      "getOrSet",
      "delete",
      "tags",
      "clear",
      "close",
      "closeStore",
    ),
    pick: fc.nat(1_000),
    id: fc.constantFrom("a", "b"),
  }),
  { minLength: 5, maxLength: 40 },
);

/** Does all of a program twice on the same parts, and closes all that it opened. */
async function twice(program: readonly Step[], parts: Parts): Promise<number> {
  const shared = new SharedParts(parts);
  for (let round = 0; round < 2; round += 1) {
    for (const step of program) await shared.take(step);
    await shared.closeAll();
  }
  return shared.looks;
}

function localParts(creators: Parts["creators"], wrap: (bus: CacheBus) => CacheBus = (bus) => bus) {
  const [clock, hub] = [manualClock(), localHub()];
  const far = memoryStore({ clock, name: "far" });
  const parts: Parts = {
    far,
    buses: [wrap(hub.bus("one")), wrap(hub.bus("other"))],
    clock: { clock },
    tick: () => clock.advance(1),
    creators,
  };
  return { clock, parts };
}

describe("C39: whatever is shared, opened, used and closed, in any order, twice", () => {
  test("nobody is deaf, nobody reads what another one deleted, what is closed says so, and nothing is left", {
    timeout: TIMEOUT,
  }, async () => {
    const [copy] = await packageCopies(1);
    const creators = [createCache, copy?.createCache ?? createCache];
    let looks = 0;
    const property = fc.asyncProperty(steps, async (program) => {
      const { clock, parts } = localParts(creators);
      looks += await twice(program, parts);
      expect(clock.pending).toBe(0);
    });
    await fc.assert(property, { seed: SEED, numRuns: IS_FULL ? 2_000 : 60 });
    expect(looks).toBeGreaterThan(1_000);
  });

  test("a bus that ends with the first who leaves it is found out", async () => {
    const ending = (bus: CacheBus): CacheBus => ({
      ...bus,
      subscribe: (listener) => {
        const stop = bus.subscribe(listener);
        return async () => {
          await stop();
          await bus.close?.();
        };
      },
    });
    const property = fc.asyncProperty(steps, async (program) => {
      await twice(program, localParts([createCache], ending).parts);
    });
    expect((await fc.check(property, { seed: SEED, numRuns: 150 })).failed).toBe(true);
  });

  test("so it is on Redis: no connection, timer or listener is left", { timeout: TIMEOUT }, async () => {
    const property = fc.asyncProperty(steps, async (program) => {
      const [client, channel] = [redisClient(), ownName()];
      await client.ping();
      const before = open();
      const far = redisStore({ client });
      const buses = [redisBus({ client, channel }), redisBus({ client, channel })] as const;
      await twice(program, {
        far,
        buses,
        clock: {},
        tick: async () => undefined,
        creators: [createCache],
      });
      // Those that no program has used watch for errors until they are closed.
      await Promise.all([far, ...buses].map((part) => part.close?.()));
      expect(client.listenerCount("error")).toBe(0);
      expect(
        await eventually(
          async () => open(),
          (now) => now <= before,
        ),
      ).toBeLessThanOrEqual(before);
      client.disconnect();
    });
    await fc.assert(property, { seed: SEED, numRuns: IS_FULL ? 200 : 10 });
  });
});

/** How many sockets and timers keep this process. */
function open(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap" || kind === "Timeout").length;
}
