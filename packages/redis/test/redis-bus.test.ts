import { createServer, type Socket } from "node:net";
import { redisBus } from "@granary/redis";
import { describe, expect, onTestFinished, test } from "vitest";
import { ownRedis } from "../../../test/support/own-redis.js";
import { startRedis } from "../../../test/support/redis-server.js";
import { listen, sayUntil, until } from "./support/bus-listening.js";
import { forThisTest, LIBRARIES, ownPrefix } from "./support/clients.js";
import { expectNoRejections } from "./support/rejections.js";

const CHANGED = { type: "changed", keys: ["a", "b:é😀\ud800"] } as const;
const INVALIDATED = {
  type: "invalidated",
  scope: "granary:v1:users",
  tags: ["tag:x"],
  epoch: "e1",
  sequence: 1_700_000_000_000_000,
} as const;

const redis = ownRedis();
expectNoRejections();

describe.each(LIBRARIES)("redisBus on $library", ({ connect }) => {
  const open = (keyPrefix = "") => {
    const client = forThisTest(connect(redis.server.url, { keyPrefix }));
    const channel = ownPrefix();
    const busOn = (on = client) => {
      const bus = redisBus({ client: on, channel });
      onTestFinished(() => bus.close?.());
      return bus;
    };
    return { client, channel, busOn };
  };
  const subscribers = async (client: { client(...words: ["LIST", "TYPE", "PUBSUB"]): Promise<unknown> }) =>
    String(await client.client("LIST", "TYPE", "PUBSUB")).match(/^id=/gm)?.length ?? 0;

  test("what one bus says the others hear, and it does not hear itself", async () => {
    const { client, busOn } = open();
    const [one, two] = [busOn(), busOn(forThisTest(connect(redis.server.url, { keyPrefix: "other:" })))];
    const [first, second] = [listen(one), listen(two)];
    await until(() => first.gaps === 1 && second.gaps === 1);
    await one.publish(CHANGED);
    await two.publish(INVALIDATED);
    await one.publish(INVALIDATED);
    await until(() => second.messages.length === 2 && first.messages.length === 1);
    expect(second.messages).toEqual([CHANGED, INVALIDATED]);
    expect(first.messages).toEqual([INVALIDATED]);
    expect(client.listenerCount("error")).toBe(1);
  });

  test("the client's keyPrefix does not touch the channel", async () => {
    const { client, channel, busOn } = open("prefix:");
    const heard = listen(busOn());
    await until(() => heard.gaps === 1);
    expect(await client.pubsub("CHANNELS", "*")).toEqual([channel]);
  });

  test("a message that comes twice is told twice", async () => {
    const { client, channel, busOn } = open();
    const heard = listen(busOn());
    await until(() => heard.gaps === 1);
    const text = JSON.stringify({ v: 2, from: "somebody", ...CHANGED });
    await client.publish(channel, text);
    await client.publish(channel, text);
    await until(() => heard.messages.length === 2);
    expect(heard.messages).toEqual([CHANGED, CHANGED]);
  });

  test("what cannot be read is an error, and the bus goes on", async () => {
    const { client, channel, busOn } = open();
    const heard = listen(busOn());
    await until(() => heard.gaps === 1);
    const texts = [
      "",
      "hello",
      "null",
      "7",
      "[]",
      '{"v":1,"from":"x","type":"changed","keys":[]}',
      '{"v":2,"type":"changed","keys":[]}',
      '{"v":2,"from":"x","type":"changed","keys":[1]}',
      '{"v":2,"from":"x","type":"invalidated","scope":"a","tags":[1],"epoch":"e","sequence":1}',
      '{"v":2,"from":"x","type":"invalidated","scope":"a","sequence":1}',
      '{"v":2,"from":"x","type":"invalidated","scope":"a","epoch":"e","sequence":null}',
      '{"v":2,"from":"x","type":"invalidated","scope":"a","epoch":"e","sequence":1e300}',
      '{"v":2,"from":"x","type":"toString","__proto__":[]}',
    ];
    for (const text of texts) await client.publish(channel, text);
    await until(() => heard.errors.length === texts.length);
    expect(heard.errors).toEqual(texts.map(() => expect.objectContaining({ code: "UNREADABLE" })));
    expect(heard.messages).toEqual([]);
    await client.publish(channel, JSON.stringify({ v: 2, from: "somebody", ...INVALIDATED }));
    await until(() => heard.messages.length === 1);
  });

  test("a connection that was cut is opened again, and each beginning is a gap", async () => {
    const { client, busOn } = open();
    const bus = busOn();
    const heard = listen(bus);
    for (let cuts = 1; cuts <= 3; cuts++) {
      await until(() => heard.gaps === cuts);
      expect(await client.call("CLIENT", "KILL", "TYPE", "pubsub")).toBeGreaterThan(0);
    }
    await until(() => heard.gaps === 4);
    await busOn().publish(CHANGED);
    await until(() => heard.messages.length === 1);
    expect(await subscribers(client)).toBe(1);
  });

  test("listeners share one connection; a later one is told of its own gap, one that stopped of nothing", async () => {
    const { client, busOn } = open();
    const bus = busOn();
    const first = listen(bus);
    await until(() => first.gaps === 1);
    const second = listen(bus);
    expect(second.gaps).toBe(0);
    await until(() => second.gaps === 1);
    first.stop();
    first.stop();
    await busOn().publish(CHANGED);
    await until(() => second.messages.length === 1);
    expect(first).toMatchObject({ gaps: 1, messages: [] });
    expect(await subscribers(client)).toBe(1);
    second.stop();
    await bus.close?.();
    expect(await subscribers(client)).toBe(0);
  });

  test("a bus that may not subscribe says so, and begins once it may", async () => {
    const { client, channel, busOn } = open();
    const user = ownPrefix().replaceAll(":", "-");
    await client.call("ACL", "SETUSER", user, "on", ">secret", "+@all", "~*", "resetchannels");
    const url = new URL(redis.server.url);
    url.username = user;
    url.password = "secret";
    const refused = listen(busOn(forThisTest(connect(url.href))));
    await until(() => refused.errors.length === 1 && refused.gaps >= 1);
    expect(refused.errors.map(String)).toEqual([expect.stringContaining("NOPERM")]);
    await client.call("ACL", "SETUSER", user, `&${channel}`);
    await sayUntil(() => refused.messages.length > 0, busOn(), CHANGED);
  });

  test("settings of a client that would fail a subscription do not hold for it", async () => {
    const { busOn } = open();
    const heard = listen(busOn(forThisTest(connect(redis.server.url, { enableOfflineQueue: false }))));
    await until(() => heard.gaps === 1);
    expect(heard.errors).toEqual([]);
  });

  test("without Redis a subscription neither throws nor gives up, and begins when Redis appears", async () => {
    const port = await freedPort();
    const client = forThisTest(connect(`redis://127.0.0.1:${port}`));
    const bus = redisBus({ client });
    onTestFinished(() => bus.close?.());
    const heard = listen(bus);
    await until(() => heard.gaps >= 1);
    expect(heard.errors.map(String)).toEqual([expect.stringContaining("ECONNREFUSED")]);
    const late = await startRedis("--port", String(port));
    onTestFinished(() => late.stop());
    const other = redisBus({ client: forThisTest(connect(`redis://127.0.0.1:${port}`)) });
    onTestFinished(() => other.close?.());
    await until(() => {
      // Those that are still on their way when the test ends are cut off.
      Promise.resolve(other.publish(CHANGED)).catch(() => {});
      return heard.messages.length > 0;
    });
  });

  test("closing leaves no connection and no listener, and the client as it was", async () => {
    const { client, busOn } = open();
    const bus = busOn();
    const heard = listen(bus);
    await until(() => heard.gaps === 1);
    expect(await subscribers(client)).toBe(1);
    await bus.close?.();
    await bus.close?.();
    expect(await subscribers(client)).toBe(0);
    expect(client.listenerCount("error")).toBe(0);
    expect(await client.ping()).toBe("PONG");
    expect(() => listen(bus)).toThrow(expect.objectContaining({ code: "CLOSED" }));
  });

  test("closing while it connects, or between two tries, leaves nothing and says only that", async () => {
    const { client, busOn } = open();
    const early = busOn();
    const heard = listen(early);
    await early.close?.();
    expect(await subscribers(client)).toBe(0);
    const down = forThisTest(connect(`redis://127.0.0.1:${await freedPort()}`));
    const bus = redisBus({ client: down });
    const lost = listen(bus);
    await until(() => lost.errors.length >= 1);
    await bus.close?.();
    expect(down.listenerCount("error")).toBe(0);
    expect(heard).toMatchObject({ gaps: 0, errors: [{ code: "CLOSED" }] });
  });

  test("closing does not wait for a server that does not answer", async () => {
    const sockets: Socket[] = [];
    const silent = createServer({ allowHalfOpen: true }, (socket) => sockets.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    const { port } = silent.address() as { port: number };
    const bus = redisBus({ client: forThisTest(connect(`redis://127.0.0.1:${port}`)) });
    listen(bus);
    await until(() => sockets.length === 2);
    await bus.close?.();
    expect(sockets).toHaveLength(2);
  });
});

/** A port on which nobody listens. */
async function freedPort(): Promise<number> {
  const server = await startRedis();
  await server.stop();
  return server.port;
}
