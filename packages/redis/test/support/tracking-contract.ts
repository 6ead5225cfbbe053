import { type RedisClient, redisTracking } from "@granary/redis";
import { runBusContract } from "@granary/testkit";
import { test } from "vitest";
import { ownPrefix } from "./clients.js";
import { type Writer, writtenThrough } from "./written-through.js";

/** Registers the contract of a bus, on clients that `connect` makes: each message goes with the writes it is about. */
export function runTrackingContract(
  connect: (keyPrefix: string) => RedisClient & Writer & { disconnect(): void },
): void {
  runBusContract(
    {
      open() {
        const keyPrefix = ownPrefix();
        const clients = ["a", "b", "c"].map(() => connect(keyPrefix));
        return {
          nodes: clients.map((client) => writtenThrough(client, redisTracking({ client }))),
          close: () => {
            for (const client of clients) client.disconnect();
          },
        };
      },
      skips: {
        "a message does not come back to its sender":
          "the server does not count what a script writes as the caller's, so a node hears its own changes",
      },
    },
    test,
  );
}
