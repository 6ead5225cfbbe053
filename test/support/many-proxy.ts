import { connect, createServer, type Socket } from "node:net";

/** A way to a server that counts how often whoever goes through it has waited for an answer. */
export interface CountingProxy {
  readonly port: number;
  /** Times that something was asked after the last answer. What is asked before any answer came is one trip. */
  roundTrips(): number;
  stop(): Promise<void>;
}

/** Starts a proxy on loopback for `port`. */
export async function countingProxy(port: number): Promise<CountingProxy> {
  let trips = 0;
  let spoke: "client" | "server" = "server";
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const far = connect(port, "127.0.0.1");
    for (const socket of [client, far]) sockets.add(socket.setNoDelay(true).on("error", () => socket.destroy()));
    client.on("data", (data) => {
      if (spoke === "server") trips += 1;
      spoke = "client";
      far.write(data);
    });
    far.on("data", (data) => {
      spoke = "server";
      client.write(data);
    });
    client.on("close", () => far.destroy());
    far.on("close", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    roundTrips: () => trips,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
