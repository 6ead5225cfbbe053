// Measures what README.md says of other libraries, on a redis-server of its own: node bench/facts/run.mjs
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { libraries, versionOf } from "./libraries.mjs";

const measure = new URL("./measure.mjs", import.meta.url);

/** Starts one process for each order, lets all go at the same time, and resolves to their figures. */
async function together(library, fact, { url, orders }) {
  const children = orders.map(() =>
    fork(measure, [library, fact, url], { stdio: ["ignore", "inherit", "inherit", "ipc"] }),
  );
  const ended = children.map((child) => once(child, "exit"));
  await Promise.all(children.map(said));
  for (const [at, child] of children.entries()) child.send(orders[at]);
  const answers = await Promise.all(children.map(said));
  await Promise.all(ended);
  return answers.map(({ figure }) => figure);
}

/** The next message of a child; rejects where it ends without one. */
function said(child) {
  return new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("exit", (code) => reject(new Error(`a process ended with code ${code} and said nothing`)));
  });
}

async function rowOf(library, url) {
  const [alone] = await together(library, "stampede", { url, orders: [{ callers: 100, key: "alone" }] });
  const fleet = await together(library, "stampede", { url, orders: Array(4).fill({ callers: 250, key: "fleet" }) });
  const [{ during, after }] = await together(library, "deleteDuringLoad", { url, orders: [{ key: "deleted" }] });
  const loads = fleet.reduce((sum, count) => sum + count, 0);
  return `| ${library} ${versionOf(library)} | ${alone} | ${loads} | ${during} | ${after} |`;
}

async function startRedis() {
  const port = await freePort();
  const server = spawn("redis-server", ["--port", String(port), "--bind", "127.0.0.1", "--save", ""]);
  for await (const line of server.stdout) if (String(line).includes("Ready to accept")) break;
  return { url: `redis://127.0.0.1:${port}`, server };
}

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

console.log(`Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`);
console.log(
  "| library | loads, 100 callers | loads, 4 x 250 callers | asked after the delete | in the cache afterwards |",
);
console.log("| --- | --- | --- | --- | --- |");
for (const library of Object.keys(libraries)) {
  const { url, server } = await startRedis();
  console.log(await rowOf(library, url));
  server.kill();
  await once(server, "exit");
}
