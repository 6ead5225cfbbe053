import type { CacheBus } from "@granary/core";
import { type RedisClient, redisBus, redisTracking } from "@granary/redis";
import { describe, expect, onTestFinished, test } from "vitest";
import { lostTime } from "../../../test/support/lost-time.js";
import { proxyTo } from "../../../test/support/proxy.js";
import { type RedisServer, startRedis } from "../../../test/support/redis-server.js";
import { listen, sayUntil, until } from "./support/bus-listening.js";
import { forThisTest, LIBRARIES } from "./support/clients.js";
import { expectNoRejections } from "./support/rejections.js";

const KEY = "granary:v1:ns:a";
const CHANGED = { type: "changed", keys: [KEY] } as const;
const SILENT = expect.objectContaining({ code: "STORE_FAILED", message: expect.stringContaining("does not answer") });

expectNoRejections();

async function ownServer(): Promise<RedisServer> {
  const server = await startRedis();
  onTestFinished(() => server.stop());
  return server;
}

type Make = (options: { readonly client: RedisClient }) => CacheBus;

function busOn(client: RedisClient, make: Make = redisBus) {
  const bus = make({ client });
  onTestFinished(() => bus.close?.());
  return bus;
}

const [first] = LIBRARIES;
const KINDS = [
  ...LIBRARIES.map((library) => ({ ...library, kind: "redisBus", make: redisBus as Make })),
  { ...first, kind: "redisTracking", make: redisTracking as Make },
];

describe.each(KINDS)("$kind on $library, when Redis", ({ library, connect, kind, make }) => {
  const client = (url: string) => forThisTest(connect(url));
  /** Changes something, and says so. */
  const changes = (url: string): (() => void) => {
    const own = client(url);
    const bus = busOn(own);
    return () => {
      own.set(KEY, 1).catch(() => undefined);
      Promise.resolve(bus.publish(CHANGED)).catch(() => undefined);
    };
  };

  test("freezes, is told of once, and gaps go on until it has thawed", async () => {
    const server = await ownServer();
    const [heard, say] = [listen(busOn(client(server.url), make)), changes(server.url)];
    await until(() => heard.gaps === 1);
    const frozenAt = performance.now();
    server.process.kill("SIGSTOP");
    await until(() => heard.errors.length === 1);
    const foundMs = performance.now() - frozenAt;
    expect(heard.errors).toEqual([SILENT]);
    await until(() => heard.gaps >= 3);
    server.process.kill("SIGCONT");
    await until(() => {
      say();
      return heard.messages.length > 0;
    });
    expect(heard.errors).toEqual([SILENT]);
    console.info(`${kind} on ${library}: found frozen after ${foundMs.toFixed(0)} ms`);
  });

  test("is frozen, closing does not wait for it, whether the bus listens or connects", async () => {
    const server = await ownServer();
    const heard = listen(busOn(client(server.url), make));
    const buses = [busOn(client(server.url), make), busOn(client(server.url), make)];
    const listening = listen(buses[0]!);
    await until(() => heard.gaps === 1 && listening.gaps === 1);
    server.process.kill("SIGSTOP");
    listen(buses[1]!);
    const [closingAt, lost] = [performance.now(), lostTime()];
    await Promise.all(buses.map((bus) => bus.close?.()));
    lost.stop();
    // The bus that nobody closed takes 1.5 s to find it out.
    expect(performance.now() - closingAt).toBeLessThan(1_000 + lost.ms);
  });

  test("dies and starts again, each way of failing is told of once", async () => {
    const server = await ownServer();
    const [heard, say] = [listen(busOn(client(server.url), make)), changes(server.url)];
    await until(() => heard.gaps === 1);
    server.process.kill("SIGKILL");
    await until(() => heard.gaps >= 3);
    const again = await startRedis("--port", String(server.port));
    onTestFinished(() => again.stop());
    await until(() => {
      say();
      return heard.messages.length > 0;
    });
    expect(heard.errors.map(String)).toEqual([expect.stringContaining("ECONNREFUSED")]);
  });
});

const { connect } = first;

test("a connection that is open at this end only is replaced", async () => {
  const server = await ownServer();
  const proxy = await proxyTo(server.port);
  onTestFinished(() => proxy.close());
  const bus = busOn(forThisTest(connect(`redis://127.0.0.1:${proxy.port}`)));
  const other = busOn(forThisTest(connect(server.url)));
  const heard = listen(bus);
  await until(() => heard.gaps === 1);
  proxy.swallow();
  await other.publish(CHANGED);
  await until(() => heard.gaps === 2);
  expect(heard).toMatchObject({ messages: [], errors: [SILENT] });
  await other.publish(CHANGED);
  await until(() => heard.messages.length === 1);
});

test("a server that lets its clients wait is replaced for longer than that, and taken back", async () => {
  const server = await ownServer();
  const client = forThisTest(connect(server.url));
  const heard = listen(busOn(client));
  await until(() => heard.gaps === 1);
  await client.call("CLIENT", "PAUSE", 3_000, "ALL");
  await until(() => heard.gaps >= 2);
  expect(heard.errors).toEqual([SILENT]);
  const other = busOn(forThisTest(connect(server.url)));
  await sayUntil(() => heard.messages.length > 0, other, CHANGED);
  expect(heard.errors).toEqual([SILENT]);
});

test("a process that was held up while an answer came does not take the server for dead", async () => {
  const server = await ownServer();
  const client = forThisTest(connect(server.url));
  let pings = 0;
  const duplicate = client.duplicate.bind(client);
  client.duplicate = (settings) => {
    const connection = duplicate(settings);
    const ping = connection.ping.bind(connection);
    connection.ping = (async (): Promise<unknown> => {
      pings += 1;
      if (pings > 1) return ping();
      // The answer comes while nothing is read: not before that, nor so late that it could be missed.
      server.process.kill("SIGSTOP");
      setImmediate(() => {
        server.process.kill("SIGCONT");
        holdUp(1_300);
      });
      return ping();
    }) as typeof ping;
    return connection;
  };
  const heard = listen(busOn(client));
  await until(() => pings >= 3);
  expect(heard.errors).toEqual([]);
  expect(String(await client.info("stats"))).toContain("total_connections_received:2\r\n");
});

/** Keeps the whole process from doing anything else. */
function holdUp(ms: number): void {
  const endsAt = performance.now() + ms;
  while (performance.now() < endsAt);
}
