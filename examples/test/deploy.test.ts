import { once } from "node:events";
import { Agent, createServer, get, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../../test/support/eventually.js";
import { ownRedis } from "../../test/support/own-redis.js";
import { type DeployedCache, main } from "../deploy.js";

const redis = ownRedis();

const connections = async (): Promise<number> =>
  String(await redis.admin.client("LIST"))
    .trim()
    .split("\n").length;

function deploy(): DeployedCache {
  const deployed = main(redis.server.url);
  onTestFinished(() => deployed.cache.close());
  return deployed;
}

async function serving({ cache }: DeployedCache, load: () => Promise<string>): Promise<Server> {
  const server = createServer((_, response) => {
    void cache.getOrSet("front", load).then((page) => response.end(page));
  });
  server.keepAliveTimeout = 600_000;
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}

/** Asks over one connection, which is kept alive. */
function asking(server: Server): () => Promise<{ page: string; connection: string | undefined }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const { port } = server.address() as AddressInfo;
  return async () => {
    const [response] = (await once(get({ host: "127.0.0.1", port, agent }), "response")) as [IncomingMessage];
    return { page: await text(response), connection: response.headers.connection };
  };
}

test("a process takes two connections to Redis, and leaves none when it has stopped", async () => {
  const before = await connections();
  const deployed = deploy();
  const server = await serving(deployed, async () => "<h1>Shop</h1>");
  await deployed.cache.set("imprint", "<h1>Shop</h1>");
  await eventually(connections, (count) => count === before + 2);
  await deployed.stop(server);
  await eventually(connections, (count) => count === before);
});

test("who waits when a process stops is answered, and a connection that is kept alive ends with its next answer", async () => {
  const deployed = deploy();
  let stopped: Promise<void> | undefined;
  const server: Server = await serving(deployed, async () => {
    stopped = deployed.stop(server);
    return "<h1>Shop</h1>";
  });
  const ask = asking(server);
  expect(await ask()).toEqual({ page: "<h1>Shop</h1>", connection: "keep-alive" });
  expect(await ask()).toEqual({ page: "<h1>Shop</h1>", connection: "close" });
  await stopped;
  await expect(deployed.cache.get("front")).rejects.toMatchObject({ code: "CLOSED" });
});
