import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";

/** A Redis that the demo may use. */
export interface RedisOnHand {
  readonly url: string;
  /** For people: its version, and where it came from. */
  readonly description: string;
  /** Stops it, if the demo started it. */
  close(): Promise<void>;
}

/**
 * The Redis at `REDIS_URL`, else one that is started for the demo, else `undefined`.
 * @throws Error where `REDIS_URL` is given and nothing answers there.
 */
export async function redisOnHand(environment: NodeJS.ProcessEnv): Promise<RedisOnHand | undefined> {
  const url = environment["REDIS_URL"];
  if (url === undefined || url === "") return startRedis();
  return { url, description: `Redis ${await versionAt(url)} at REDIS_URL`, close: async () => {} };
}

async function startRedis(): Promise<RedisOnHand | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "granary-demo-"));
  const port = await freePort();
  const options = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder];
  // Detached, since Ctrl-C would else end it before those who use it.
  const child = spawn("redis-server", options, { detached: true, stdio: ["ignore", "pipe", "ignore"] });
  const close = async (): Promise<void> => {
    await stopped(child);
    await rm(folder, { recursive: true, force: true });
  };
  if (await isReady(child)) {
    const url = `redis://127.0.0.1:${port}`;
    return { url, description: `Redis ${await versionAt(url)}, started for this demo on port ${port}`, close };
  }
  await close();
  return undefined;
}

/** Whether the server came to accept connections; `false` also where there is no such program. */
function isReady(child: ChildProcess): Promise<boolean> {
  return new Promise((resolve) => {
    child.stdout?.on("data", (text: Buffer) => text.includes("Ready to accept connections") && resolve(true));
    child.once("error", () => resolve(false));
    child.once("exit", () => resolve(false));
  });
}

async function stopped(child: ChildProcess): Promise<void> {
  const isRunning = child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  if (!isRunning) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

async function versionAt(url: string): Promise<string> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  let reason = "it does not answer";
  client.on("error", ({ message }: Error) => {
    reason = message;
  });
  try {
    return /redis_version:(\S+)/.exec(await client.info("server"))?.[1] ?? "";
  } catch {
    throw new Error(`The Redis that the demo was told to use cannot be used: ${reason}.`);
  } finally {
    client.disconnect();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  await once(server.close(), "close");
  return port;
}
