import type { RedisClient } from "./redis-client.js";

/**
 * `client`, sending each command by itself. With `enableAutoPipelining` a client gathers the commands of a turn into a
 * pipeline, and on a cluster finds the server for each by its first word, which of a script is its hash and no key.
 * What a cache asks for in a turn is one command already. So the methods of the client, which turn words into a command,
 * are run on a likeness of it that does not pipeline and hands the command to the client itself.
 */
export function unpipelined(client: RedisClient): RedisClient {
  const { enableAutoPipelining, options } = { ...client.options, options: client.options } as Pipelining;
  if (enableAutoPipelining !== true) return client;
  return Object.create(client, {
    options: { value: Object.create(options, { enableAutoPipelining: { value: false } }) },
    sendCommand: { value: (...args: unknown[]) => (client as RedisClient & Sender).sendCommand(...args) },
  }) as RedisClient;
}

interface Pipelining {
  readonly enableAutoPipelining?: boolean;
  readonly options: object;
}

interface Sender {
  sendCommand(...args: unknown[]): unknown;
}
