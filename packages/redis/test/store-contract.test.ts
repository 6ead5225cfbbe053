import { redisStore } from "@granary/redis";
import { type OpenedStore, runStoreContract, type StoreCapability, type StoreContext } from "@granary/testkit";
import { tcpProxy } from "@granary/testkit/tcp-proxy";
import { describe, inject, test } from "vitest";
import { LIBRARIES, ownPrefix } from "./support/clients.js";
import { binarySerializer } from "./support/entries.js";

const capabilities: readonly StoreCapability[] = [
  "many",
  "walk",
  "admits",
  "close",
  "invalidate",
  "expire",
  "leases",
  "undoes",
  "decodes",
  "copies",
];

/** A database of its own: a walk goes through all that are in one, also the keys of other tests. */
const redisUrl = `${inject("redisUrl")}/6`;

describe.each(LIBRARIES)("redisStore on $library", ({ connect }) => {
  const open = ({ clock }: StoreContext): OpenedStore => {
    const client = connect(redisUrl, { keyPrefix: ownPrefix() });
    return { store: redisStore({ client, clock }), close: () => flushed(client) };
  };
  runStoreContract({ capabilities, open }, test);
});

describe.each(LIBRARIES.slice(0, 1))("redisStore on $library, with a binary serializer", ({ connect }) => {
  const open = ({ clock }: StoreContext): OpenedStore => {
    const client = connect(redisUrl, { keyPrefix: ownPrefix() });
    const store = redisStore({ client, clock, serializer: binarySerializer });
    return { store, close: () => flushed(client) };
  };
  runStoreContract({ capabilities, open }, test);
});

describe("redisStore by the clock of the server, on a line that can be held", () => {
  const open = async (): Promise<OpenedStore> => {
    const proxy = await tcpProxy({ target: { port: Number(new URL(redisUrl).port) } });
    const client = LIBRARIES[0].connect(`redis://127.0.0.1:${proxy.port}${new URL(redisUrl).pathname}`, {
      keyPrefix: ownPrefix(),
    });
    const store = redisStore({ client });
    return {
      store,
      hold: () => {
        proxy.blackHole("toServer");
        return () => proxy.mend();
      },
      close: () => {
        client.disconnect();
        return proxy.close();
      },
    };
  };
  runStoreContract({ capabilities, open }, test);
});

/** Leaves nothing behind that later walks would pass. */
async function flushed(client: { flushdb(): Promise<unknown>; disconnect(): void }): Promise<void> {
  await client.flushdb();
  client.disconnect();
}
