import { createServer } from "node:net";

/** Above the ports of well-known servers, and below those that systems give to connections, some of which may not be kept. */
const [FIRST, LAST] = [10_000, 32_767];

/** What this process has been given: each is asked for a moment before it is used. */
const given = new Set<number>();

/** A port that nobody listens on, and that no connection is given by the system before somebody does. */
export async function freePort(): Promise<number> {
  while (true) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
