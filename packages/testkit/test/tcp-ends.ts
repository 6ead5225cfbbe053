import { type EventEmitter, once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { nextTurn } from "@granary/testkit";
import { onTestFinished } from "vitest";

/** A server that keeps what it is sent, and the connections by which it comes. */
export async function keepingServer() {
  const sockets: Socket[] = [];
  const kept = new Map<Socket, Buffer[]>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const chunks: Buffer[] = [];
    sockets.push(socket);
    kept.set(socket, chunks);
    socket.on("error", () => undefined).on("data", (bytes: Buffer) => chunks.push(bytes));
  });
  await heard(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const chunks = () => [...kept.values()].flat();
  return {
    port,
    server,
    sockets,
    /** What came on the first connection. */
    first: () => Buffer.concat(kept.get(sockets[0] as Socket) ?? []),
    /** How many bytes came on all. */
    size: () => chunks().reduce((sum, { length }) => sum + length, 0),
  };
}

/** An open connection, which ends with the test. */
export async function socketTo(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect"); // Rejects where it is refused.
  return socket;
}

/** Resolves once `holds`, looking in every turn of the event loop. @throws Error after a minute. */
export async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`Still not so after a minute: ${holds}`);
    await nextTurn();
  }
}

/** Resolves with the next `event`, errors or not. */
export function heard(emitter: EventEmitter, event: string): Promise<void> {
  return new Promise((resolve) => emitter.once(event, () => resolve()));
}

/** What a socket says until it ends, which leaves it open the other way. */
export async function read(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on("data", (bytes: Buffer) => chunks.push(bytes));
  if (!socket.readableEnded) await heard(socket, "end");
  return Buffer.concat(chunks).toString();
}
