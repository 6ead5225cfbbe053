import { randomUUID } from "node:crypto";
import { type AddressInfo, createServer } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { nextTurn } from "@granary/testkit";
import { type TcpProxy, tcpProxy } from "@granary/testkit/tcp-proxy";
import { Redis } from "ioredis";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { heard, keepingServer, read, socketTo, until } from "./tcp-ends.js";

const MEGABYTE = 2 ** 20;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes in buffers that somebody holds. */
function arrayBuffers(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

interface Options {
  readonly retryStrategy?: () => number | null;
  readonly connectTimeout?: number;
}

/** A proxy in front of this run's Redis, a client that goes through it, and one that does not. */
async function open(options: Options = {}) {
  const proxy = await proxyOf(Number(new URL(inject("redisUrl")).port));
  return { proxy, through: await clientOf(proxy.port, options), direct: await directClient(), key: randomUUID() };
}

async function proxyOf(port: number): Promise<TcpProxy> {
  const proxy = await tcpProxy({ target: { port } });
  onTestFinished(() => proxy.close());
  return proxy;
}

function directClient(): Promise<Redis> {
  return clientOf(Number(new URL(inject("redisUrl")).port));
}

/** A connected client that does not connect again unless `options` say so, with the codes of its errors. */
async function clientOf(port: number, options: Options = {}) {
  const client = lazyClient(port, options);
  await client.connect();
  return client;
}

function lazyClient(port: number, options: Options = {}): Redis & { readonly codes: unknown[] } {
  const client = new Redis({ port, lazyConnect: true, retryStrategy: () => null, ...options });
  const codes: unknown[] = [];
  client.on("error", (error: NodeJS.ErrnoException) => codes.push(error.code));
  onTestFinished(() => client.disconnect());
  return Object.assign(client, { codes });
}

/** Lets the proxy, which lives in this process, do all that it can: so many round trips go past it. */
async function timeEnough(direct: Redis): Promise<void> {
  for (let trip = 0; trip < 100; trip += 1) await direct.ping();
}

/** Sends 64 MB through a proxy without a fault: in this time as much could have gone through another one. */
async function asMuchElsewhere(): Promise<void> {
  let size = 0;
  const server = createServer((end) => end.on("data", ({ length }: Buffer) => (size += length)));
  await heard(server.listen(0, "127.0.0.1"), "listening");
  const socket = await socketTo((await proxyOf((server.address() as AddressInfo).port)).port);
  const chunk = Buffer.alloc(MEGABYTE);
  for (let sent = 0; sent < 64; sent += 1) socket.write(chunk);
  await until(() => size === 64 * MEGABYTE);
  socket.destroy();
  server.close();
}

/** Whether `promise` was settled by now. */
function watch(promise: Promise<unknown>): { readonly isSettled: boolean } {
  const watched = { isSettled: false };
  const settle = () => {
    watched.isSettled = true;
  };
  promise.then(settle, settle);
  return watched;
}

async function elapsed(act: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await act();
  return performance.now() - startedAt;
}

describe("without a fault", () => {
  test("any number of clients talk through it as if it were not there", async () => {
    const { proxy, direct, key } = await open();
    const clients = await Promise.all(Array.from({ length: 50 }, () => clientOf(proxy.port)));
    expect(proxy.connections).toBe(51);
    const big = Buffer.alloc(8 * MEGABYTE, key);
    await Promise.all(clients.map((client, at) => client.set(`${key}:${at}`, at === 0 ? big : `value ${at}`)));
    expect(await direct.get(`${key}:49`)).toBe("value 49");
    expect(big.equals((await clients[7]?.getBuffer(`${key}:0`)) ?? Buffer.of())).toBe(true);
    await direct.del(`${key}:0`);
  });

  test("the end of a connection is passed on, from either side", async () => {
    const { proxy, through, direct } = await open();
    const id = await through.client("ID");
    await through.quit();
    await until(() => proxy.connections === 0);
    const other = await clientOf(proxy.port);
    expect(await direct.client("LIST")).not.toContain(`id=${id} `);
    const ended = heard(other, "end");
    await direct.client("KILL", "ID", await other.client("ID"));
    await ended;
    await until(() => proxy.connections === 0);
  });

  test.each([0, 20])("either side may end its half and still hear the other, with a latency of %i ms", async (ms) => {
    const { port, sockets, first, size } = await keepingServer();
    const proxy = await proxyOf(port);
    proxy.latency(ms);
    const asking = await socketTo(proxy.port);
    await until(() => sockets.length === 1);
    const listening = await socketTo(proxy.port);
    await until(() => sockets.length === 2);
    asking.end("question");
    await until(() => sockets[0]?.readableEnded === true);
    expect(first().toString()).toBe("question");
    for (const socket of sockets) socket.end("answer");
    expect([await read(asking), await read(listening)]).toEqual(["answer", "answer"]);
    listening.end("thanks");
    await until(() => sockets[1]?.readableEnded === true && proxy.connections === 0);
    expect(size()).toBe("question".length + "thanks".length);
  });

  test("a server that does not read is felt by its client", async () => {
    const { port, sockets, size } = await keepingServer();
    const socket = await socketTo((await proxyOf(port)).port);
    await until(() => sockets.length === 1);
    sockets[0]?.pause();
    for (let sent = 0; sent < 64; sent += 1) socket.write(Buffer.alloc(MEGABYTE));
    await asMuchElsewhere();
    expect(socket.writableLength).toBeGreaterThan(30 * MEGABYTE);
    sockets[0]?.resume();
    await until(() => size() === 64 * MEGABYTE);
  });

  test("a client is reset where the target does not take the connection", async () => {
    const { port, server } = await keepingServer();
    server.close();
    const proxy = await proxyOf(port);
    const client = lazyClient(proxy.port);
    await expect(client.connect()).rejects.toThrow("Connection is closed");
    expect(client.codes).toEqual(["ECONNRESET"]);
  });
});

describe("latency", () => {
  test("is added in each direction, and gone after mend", async () => {
    const { proxy, through, direct } = await open();
    proxy.latency(100);
    expect(await elapsed(() => through.ping())).toBeGreaterThanOrEqual(200);
    for (const shorten of [() => proxy.mend(), () => proxy.latency(1)]) {
      proxy.latency(3_600_000);
      const pong = through.ping();
      const answered = watch(pong);
      await timeEnough(direct);
      expect(answered.isSettled).toBe(false);
      await shorten();
      expect(await pong).toBe("PONG");
    }
  });

  test("does not add up over what is under way at once, and keeps its order", async () => {
    const { port, first } = await keepingServer();
    const proxy = await proxyOf(port);
    const socket = await socketTo(proxy.port);
    proxy.latency(500);
    const words = Array.from({ length: 60 }, (_, at) => `${at} `);
    const took = await elapsed(async () => {
      for (const word of words) {
        socket.write(word);
        await nextTurn();
      }
      await until(() => first().length === words.join("").length);
    });
    expect(first().toString()).toBe(words.join(""));
    expect(took).toBeGreaterThanOrEqual(500);
    expect(took).toBeLessThan(15_000);
  });
});

test("bandwidth is a limit to every connection, in each direction", async () => {
  const { proxy, through, direct, key } = await open();
  const value = pattern(MEGABYTE / 4);
  proxy.bandwidth(MEGABYTE);
  expect(await elapsed(() => through.set(key, value))).toBeGreaterThanOrEqual(250);
  expect(value.equals((await direct.getBuffer(key)) ?? Buffer.of())).toBe(true);
  expect(await elapsed(() => through.getBuffer(key))).toBeGreaterThanOrEqual(250);
  proxy.bandwidth(1);
  const reading = through.getBuffer(key);
  await timeEnough(direct);
  await proxy.mend();
  expect(value.equals((await reading) ?? Buffer.of())).toBe(true);
  await direct.del(key);
});

/** Bytes of which no two neighbouring pieces are the same. */
function pattern(size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, (_, at) => at % 251));
}

describe("reset", () => {
  test("ends the connections with a reset, and the client comes back", async () => {
    const { proxy, through, direct } = await open({ retryStrategy: () => 1 });
    const id = await through.client("ID");
    const [closed, ready] = [heard(through, "close"), heard(through, "ready")];
    proxy.reset();
    await closed;
    expect(through.codes).toEqual(["ECONNRESET"]);
    await ready;
    expect(await through.ping()).toBe("PONG");
    expect(await direct.client("LIST")).not.toContain(`id=${id} `);
    expect(proxy.connections).toBe(1);
  });

  test("reaches connections that a black hole has swallowed", async () => {
    const { proxy, through } = await open();
    const closed = heard(through, "close");
    proxy.blackHole();
    const pong = through.ping();
    proxy.reset();
    await expect(pong).rejects.toThrow("closed");
    await closed;
    expect(through.codes).toEqual(["ECONNRESET"]);
  });
});

describe("refuse", () => {
  test("turns new connections away, lets the open ones be, and ends with mend on the same port", async () => {
    const { proxy, through } = await open();
    const { port } = proxy;
    proxy.refuse();
    const late = lazyClient(port);
    await expect(late.connect()).rejects.toThrow("Connection is closed");
    expect(late.codes).toEqual(["ECONNREFUSED"]);
    expect(await through.ping()).toBe("PONG");
    await proxy.mend();
    expect(proxy.port).toBe(port);
    expect(await (await clientOf(port)).ping()).toBe("PONG");
  });

  test("is a killed server together with reset, from which a client comes back", async () => {
    const { proxy, through } = await open({ retryStrategy: () => 1 });
    proxy.refuse();
    proxy.reset();
    await until(() => through.codes.includes("ECONNREFUSED"));
    expect(through.codes[0]).toBe("ECONNRESET");
    await proxy.mend();
    expect(await through.ping()).toBe("PONG");
  });
});

describe("a black hole", () => {
  test("holds what is sent, in its order, until it is mended", async () => {
    const { proxy, through, direct, key } = await open();
    proxy.blackHole();
    const sent = Promise.all(["a", "b", "c"].map((value) => through.append(key, value)));
    const answered = watch(sent);
    await timeEnough(direct);
    expect([await direct.get(key), answered.isSettled]).toEqual([null, false]);
    await proxy.mend();
    expect(await sent).toEqual([1, 2, 3]);
    expect(await direct.get(key)).toBe("abc");
  });

  test("holds answers that were on their way", async () => {
    const { proxy, through, direct, key } = await open();
    const popped = through.blpop(key, 0);
    const answered = watch(popped);
    await until(() => through.status === "ready" && proxy.connections === 1);
    while (!String(await direct.client("LIST")).includes("cmd=blpop")) await nextTurn();
    proxy.blackHole();
    await direct.rpush(key, "value");
    await timeEnough(direct);
    expect([await direct.exists(key), answered.isSettled]).toEqual([0, false]);
    await proxy.mend();
    expect(await popped).toEqual([key, "value"]);
  });

  test("accepts new connections and answers none", async () => {
    const { proxy, direct } = await open();
    proxy.blackHole();
    const late = lazyClient(proxy.port, { connectTimeout: 20_000 });
    const connected = heard(late, "connect");
    const ready = watch(late.connect());
    await connected;
    await timeEnough(direct);
    expect([ready.isSettled, late.codes]).toEqual([false, []]);
    await proxy.mend();
    expect(await late.ping()).toBe("PONG");
  });

  test("lets go on what a client sent that has given up since", async () => {
    const { proxy, through, direct, key } = await open();
    const socket = await socketTo(proxy.port);
    await until(() => proxy.connections === 2);
    proxy.blackHole();
    socket.end(`SET ${key} late\r\n`);
    await until(() => socket.writableFinished);
    socket.destroy();
    await timeEnough(direct);
    expect([await direct.get(key), proxy.connections]).toEqual([null, 2]);
    await proxy.mend();
    while ((await direct.get(key)) !== "late") await nextTurn();
    await until(() => proxy.connections === 1);
    expect(await through.get(key)).toBe("late");
  });

  test("may be of one direction", async () => {
    const { proxy, through, direct, key } = await open();
    proxy.blackHole("toClient");
    const unheard = through.incr(key);
    const answered = watch(unheard);
    while ((await direct.get(key)) !== "1") await nextTurn();
    expect(answered.isSettled).toBe(false);
    await proxy.mend();
    expect(await unheard).toBe(1);
  });

  test("leaves in the kernel what it does not pass on, and loses none of it", async () => {
    const { port, size, first, sockets: ends } = await keepingServer();
    const proxy = await proxyOf(port);
    const socket = await socketTo(proxy.port);
    await until(() => ends.length === 1);
    const others = await Promise.all(Array.from({ length: 32 }, () => socketTo(proxy.port)));
    await until(() => ends.length === 33);
    const [chunk, before] = [pattern(MEGABYTE), arrayBuffers()];
    proxy.blackHole();
    for (let sent = 0; sent < 64; sent += 1) socket.write(chunk);
    for (const other of others) other.write(chunk);
    await asMuchElsewhere();
    expect(size()).toBe(0);
    expect(socket.writableLength).toBeGreaterThan(40 * MEGABYTE);
    // What has gone the other way is garbage; what a proxy held would stay.
    await until(() => arrayBuffers() - before < 8 * MEGABYTE);
    await proxy.mend();
    await until(() => size() === (64 + 32) * MEGABYTE);
    expect(first().equals(Buffer.concat(Array<Buffer>(64).fill(chunk)))).toBe(true);
  });

  test("that latency fills is bounded too", async () => {
    const { port, size } = await keepingServer();
    const proxy = await proxyOf(port);
    const socket = await socketTo(proxy.port);
    proxy.latency(3_600_000);
    for (let sent = 0; sent < 64; sent += 1) socket.write(Buffer.alloc(MEGABYTE));
    await asMuchElsewhere();
    expect([size(), socket.writableLength > 40 * MEGABYTE]).toEqual([0, true]);
    await proxy.mend();
    await until(() => size() === 64 * MEGABYTE);
  });
});

describe("half-open", () => {
  test("a connection is heard and hears nothing, while new ones are sound", async () => {
    const { proxy, through, direct, key } = await open();
    proxy.halfOpen();
    const unheard = through.incr(key);
    const answered = watch(unheard);
    const late = await clientOf(proxy.port);
    while ((await late.get(key)) !== "1") await nextTurn();
    await direct.client("KILL", "ID", await idOf(direct, "incr"));
    await timeEnough(late);
    expect([answered.isSettled, through.status]).toEqual([false, "ready"]);
    const ended = heard(through, "end");
    await proxy.mend();
    expect(await unheard).toBe(1);
    await ended;
  });

  test("a connection does not hear either that the server has reset it", async () => {
    const target = await keepingServer();
    const proxy = await proxyOf(target.port);
    const socket = await socketTo(proxy.port);
    const errors: unknown[] = [];
    socket.on("error", ({ code }: NodeJS.ErrnoException) => errors.push(code));
    await until(() => target.sockets.length === 1);
    proxy.halfOpen();
    target.sockets[0]?.resetAndDestroy();
    // What is reset behind it, and has no proxy in between, hears of it meanwhile.
    const direct = await socketTo(target.port);
    await until(() => target.sockets.length === 2);
    target.sockets[1]?.resetAndDestroy();
    await until(() => {
      socket.write("anyone?");
      return direct.destroyed;
    });
    await timeEnough(await directClient());
    expect([errors, socket.destroyed, target.size()]).toEqual([[], false, 0]);
    await proxy.mend();
    await until(() => socket.destroyed && proxy.connections === 0);
    expect(errors).toEqual(["ECONNRESET"]);
  });

  test("toServer, a connection hears and is not heard", async () => {
    const { proxy, through, direct, key } = await open();
    const listener = await clientOf(proxy.port);
    await listener.subscribe(key);
    proxy.halfOpen("toServer");
    const news = heard(listener, "message");
    await direct.publish(key, "news");
    await news;
    const unsent = through.incr(key);
    await timeEnough(direct);
    expect(await direct.get(key)).toBeNull();
    await proxy.mend();
    expect(await unsent).toBe(1);
  });
});

/** Whose last command was this one. */
async function idOf(direct: Redis, command: string): Promise<number> {
  const line = String(await direct.client("LIST"))
    .split("\n")
    .find((each) => each.includes(`cmd=${command} `));
  return Number(/^id=(\d+) /.exec(line ?? "")?.[1]);
}

test("a number that makes no sense is refused", async () => {
  const { port } = await keepingServer();
  const proxy = await proxyOf(port);
  for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => proxy.latency(ms)).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
  }
  for (const rate of [0, -1, Number.NaN]) {
    expect(() => proxy.bandwidth(rate)).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
  }
});
