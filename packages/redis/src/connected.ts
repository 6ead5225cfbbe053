import type { RedisClient } from "./redis-client.js";

const waits = new WeakMap<RedisClient, Promise<void>>();

/**
 * Resolves when `client` is connected, or will not be any more; `undefined` where that is so now. A command that a client
 * takes before waits in its queue, for as long as the server is away, and is done when nobody asks for it any more.
 */
export function whenConnected(client: RedisClient): Promise<void> | undefined {
  const { status } = client;
  if (status === undefined || status === "ready" || status === "end") return undefined;
  const known = waits.get(client);
  if (known !== undefined) return known;
  const waiting = new Promise<void>((resolve) => {
    const done = (): void => {
      client.off("ready", done);
      client.off("end", done);
      waits.delete(client);
      resolve();
    };
    client.on("ready", done);
    client.on("end", done);
  });
  waits.set(client, waiting);
  // One that connects with its first command.
  if (status === "wait") void client.ping().catch(() => {});
  return waiting;
}
