import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";

/** The Redis at `REDIS_URL`, else a `redis-server` of its own that `stop` ends. */
export async function redisServer() {
  const given = process.env["REDIS_URL"];
  if (given !== undefined) return { url: given, stop: () => {} };
  const port = await freePort();
  const child = spawn("redis-server", ["--port", String(port), "--bind", "127.0.0.1", "--save", ""]);
  for await (const data of child.stdout) if (String(data).includes("Ready to accept connections")) break;
  return { url: `redis://127.0.0.1:${port}`, stop: () => void child.kill("SIGKILL") };
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
