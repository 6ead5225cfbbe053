import { connect } from "node:net";
import { tcpProxy } from "@granary/testkit/tcp-proxy";
import { expect, test, vi } from "vitest";
import { reset } from "../src/tcp-pipe.js";
import { heard, keepingServer, socketTo, until } from "./tcp-ends.js";

const MINUTE_MS = 60_000;

/** Sockets and servers of this process. */
function tcpResources(): number {
  return process.getActiveResourcesInfo().filter((name) => name.startsWith("TCP")).length;
}

/** The timers of a minute or so that were set and not taken back. */
function longTimers() {
  const [set, taken] = [vi.spyOn(globalThis, "setTimeout"), vi.spyOn(globalThis, "clearTimeout")];
  return () => {
    const cleared = taken.mock.calls.map(([timer]) => timer);
    const long = set.mock.calls.flatMap(([, ms = 0], at) => (ms > MINUTE_MS / 2 ? [set.mock.results[at]?.value] : []));
    return { set: long.length, left: long.filter((timer) => !cleared.includes(timer)).length };
  };
}

test("close leaves no socket and no timer, whatever was wrong", async () => {
  expect(tcpResources()).toBe(0);
  const target = await keepingServer();
  const timers = longTimers();
  const proxy = await tcpProxy({ target });
  const sockets = await Promise.all([1, 2, 3].map(() => socketTo(proxy.port)));
  await until(() => target.sockets.length === 3);
  proxy.latency(MINUTE_MS);
  for (const socket of sockets) socket.write("delayed");
  await until(() => timers().set >= 3);
  proxy.blackHole("toClient");
  proxy.halfOpen();
  proxy.refuse();
  expect(timers().left).toBe(3);
  // Four ends of each of three connections, and the target.
  expect(tcpResources()).toBeGreaterThanOrEqual(13);

  await proxy.close();
  expect(timers().left).toBe(0);
  for (const socket of [...sockets, ...target.sockets]) socket.destroy();
  target.server.close();
  await until(() => tcpResources() === 0);

  await proxy.mend();
  expect([proxy.connections, tcpResources()]).toEqual([0, 0]);
  await proxy.close();
});

test("a reset leaves no socket, however far its connection is", async () => {
  const { port, server, sockets } = await keepingServer();
  const connecting = connect({ port, host: "127.0.0.1" }).on("error", () => undefined);
  const [open, ending, ended] = [await socketTo(port), await socketTo(port), await socketTo(port)];
  await heard(ended.end(), "finish");
  ending.end("last words");
  for (const socket of [connecting, open, ending, ended]) reset(socket);
  for (const socket of [connecting, open, ending, ended]) reset(socket);
  await until(() => sockets.length === 4);
  for (const socket of sockets) socket.destroy();
  server.close();
  await until(() => tcpResources() === 0);
});
