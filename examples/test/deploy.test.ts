import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../../test/support/eventually.js";
import { ownRedis } from "../../test/support/own-redis.js";
import { type DeployedCache, main } from "../deploy.js";

const redis = ownRedis();

async function serving(
  { cache }: DeployedCache,
  load: () => Promise<string>,
): Promise<{ server: Server; url: string }> {
  const server = createServer((_, response) => {
    void cache.getOrSet("front", load).then((page) => response.end(page));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const connections = async (): Promise<number> =>
  String(await redis.admin.client("LIST"))
    .trim()
    .split("\n").length;

test("a process takes two connections, answers who is waiting when it stops, and leaves none", async () => {
  const before = await connections();
  const deployed = main(redis.server.url);
  onTestFinished(() => deployed.cache.close());
  const { promise: page, resolve: loaded } = deferred();
  const { promise: begun, resolve: begin } = deferred();
  const { server, url } = await serving(deployed, () => {
    begin("begun");
    return page;
  });
  const answer = fetch(url, { headers: { connection: "close" } });
  await begun;
  await eventually(connections, (count) => count === before + 2);
  const stopped = deployed.stop(server);
  loaded("<h1>Shop</h1>");
  expect(await (await answer).text()).toBe("<h1>Shop</h1>");
  await stopped;
  await eventually(connections, (count) => count === before);
});

function deferred(): { promise: Promise<string>; resolve(value: string): void } {
  let resolve: (value: string) => void = () => undefined;
  const promise = new Promise<string>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
