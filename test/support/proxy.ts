import { createServer, type Socket, connect as to } from "node:net";
import { freePort } from "./free-port.js";

/** A way to a server that a test can make a black hole of. */
export interface Proxy {
  readonly port: number;
  /** From now on nothing passes on the connections there are, in neither direction, and none of them is closed. */
  swallow(): void;
  /** Ends it, with all connections. */
  close(): void;
}

/** Passes connections on to `port`; reached at `at`, or at a port of its own, where another one can be later. */
export async function proxyTo(port: number, at?: number): Promise<Proxy> {
  const own = at ?? (await freePort());
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = to(port, "127.0.0.1");
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) {
      sockets.add(socket.on("error", () => undefined));
      socket.on("close", () => [near, far].forEach((each) => each.destroy()));
    }
  });
  const swallow = (): void => {
    for (const socket of sockets) socket.unpipe().removeAllListeners("data").pause();
  };
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(own, "127.0.0.1", () => resolve({ port: own, swallow, close }));
  });
}
