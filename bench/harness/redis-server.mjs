import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { pin, SERVER } from "./pin.mjs";

/** One for each subject of a row, so that none sees the keys of another. */
const DATABASES = 64;

/** A `redis-server` of our own, which can be frozen, killed and started again on the same port. */
export async function redisServer() {
  const port = await freePort();
  let child = await started(port);
  return {
    url: `redis://127.0.0.1:${port}`,
    /** Keeps it on a processor that those who are measured do not use. */
    setApart: () => pin(child.pid, SERVER),
    freeze: () => child.kill("SIGSTOP"),
    kill: () => killed(child),
    async start() {
      child = await started(port);
    },
    stop: () => killed(child),
  };
}

async function started(port) {
  const settings = { port, bind: "127.0.0.1", save: "", databases: DATABASES };
  const options = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn("redis-server", options, { stdio: ["ignore", "pipe", "inherit"] });
  const failed = once(child, "exit").then(([code]) => {
    throw new Error(`redis-server ended with code ${code}.`);
  });
  failed.catch(() => {});
  await Promise.race([ready(child), failed]);
  child.stdout.resume();
  return child;
}

async function ready(child) {
  for (;;) {
    const [data] = await once(child.stdout, "data");
    if (String(data).includes("Ready to accept connections")) return;
  }
}

async function killed(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
