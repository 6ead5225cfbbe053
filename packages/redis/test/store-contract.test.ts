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
  "marks",
  "leases",
  "replay",
  "decodes",
  "copies",
];

describe.each(LIBRARIES)("redisStore on $library", ({ connect }) => {
  const open = ({ clock }: StoreContext): OpenedStore => {
    const client = connect(inject("redisUrl"), { keyPrefix: ownPrefix() });
    return { store: redisStore({ client, clock }), close: () => client.disconnect() };
  };
  runStoreContract({ capabilities, open }, test);
});

describe.each(LIBRARIES.slice(0, 1))("redisStore on $library, with a binary serializer", ({ connect }) => {
  const open = ({ clock }: StoreContext): OpenedStore => {
    const client = connect(inject("redisUrl"), { keyPrefix: ownPrefix() });
    const store = redisStore({ client, clock, serializer: binarySerializer });
    return { store, close: () => client.disconnect() };
  };
  runStoreContract({ capabilities, open }, test);
});

describe("redisStore by the clock of the server, on a line that can be held", () => {
  const open = async (): Promise<OpenedStore> => {
    const proxy = await tcpProxy({ target: { port: Number(new URL(inject("redisUrl")).port) } });
    const client = LIBRARIES[0].connect(`redis://127.0.0.1:${proxy.port}`, { keyPrefix: ownPrefix() });
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
  runStoreContract({ capabilities: [...capabilities, "giveUpAfter"], open }, test);
});
