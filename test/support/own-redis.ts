import { Redis } from "ioredis";
import { afterAll, beforeAll } from "vitest";
import { type RedisServer, startRedis } from "./redis-server.js";

/** A server of a test file's own, which it may count on, cut or stop, and a client of it. */
export interface OwnRedis {
  readonly server: RedisServer;
  readonly admin: Redis;
}

/** Starts a server before the tests of the file that calls this, and stops it behind them. */
export function ownRedis(): OwnRedis {
  let own: OwnRedis | undefined;
  beforeAll(async () => {
    const server = await startRedis();
    own = { server, admin: new Redis(server.url) };
  });
  afterAll(async () => {
    own?.admin.disconnect();
    await own?.server.stop();
  });
  const started = (): OwnRedis => {
    if (own === undefined) throw new Error("The server is there once the tests of the file run.");
    return own;
  };
  return {
    get server() {
      return started().server;
    },
    get admin() {
      return started().admin;
    },
  };
}
