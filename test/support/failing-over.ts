import { Redis } from "ioredis";
import { caughtUp } from "../faults/support/caught-up.js";
import { eventually } from "./eventually.js";
import { type Proxy, proxyTo } from "./proxy.js";
import { type RedisServer, startRedis } from "./redis-server.js";

/** A master and its replica, behind an address that leads to whichever is the master. */
export interface FailingOver {
  readonly url: string;
  /**
   * Kills the master, puts its replica in its place, and another one behind that. The replica has all that the master had,
   * but for what came in the last `lagMs`.
   */
  failOver(lagMs: number): Promise<void>;
  stop(): Promise<void>;
}

export async function failingOver(): Promise<FailingOver> {
  let master = await startRedis();
  let replica = await replicaOf(master);
  let proxy: Proxy = await proxyTo(master.port);
  const { port } = proxy;
  return {
    url: `redis://127.0.0.1:${port}`,
    async failOver(lagMs) {
      const admins = [new Redis(master.url), new Redis(replica.url)] as const;
      admins.forEach((admin) => admin.on("error", () => undefined));
      if (lagMs === 0) await caughtUp(...admins);
      await admins[1].call("REPLICAOF", "NO", "ONE");
      await new Promise((resolve) => setTimeout(resolve, lagMs));
      await master.stop();
      proxy.close();
      proxy = await proxyTo(replica.port, port);
      admins.forEach((admin) => admin.disconnect());
      master = replica;
      replica = await replicaOf(master);
    },
    async stop() {
      proxy.close();
      await Promise.all([master.stop(), replica.stop()]);
    },
  };
}

/** Resolves once it has what the master has. */
async function replicaOf(master: RedisServer): Promise<RedisServer> {
  const admin = new Redis(master.url);
  await admin.config("SET", "repl-diskless-sync-delay", "0");
  admin.disconnect();
  const replica = await startRedis("--replicaof", "127.0.0.1", String(master.port));
  const own = new Redis(replica.url);
  await eventually(
    async () => own.info("replication"),
    (said) => said.includes("master_link_status:up"),
  );
  own.disconnect();
  return replica;
}
