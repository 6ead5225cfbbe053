// The origin behind every loader, and the observer: it knows which version of a key it held when, and the nodes tell it
// what they changed and what they read.
import { createServer } from "node:net";
import { onMessage, tell } from "./json-lines.mjs";
import { judge } from "./judge.mjs";

const versions = new Map();
const [reads, changes] = [[], []];
/** How often each node asked for each key. */
const loads = new Map();
const mood = { loadMs: 10, error: undefined };

const hears = {
  read({ question, node, key }, socket) {
    const name = `${node} ${key}`;
    loads.set(name, (loads.get(name) ?? 0) + 1);
    // What it held when it was asked: an answer that is slow is an old one.
    const answer = mood.error === undefined ? { version: versions.get(key) ?? 0 } : { error: mood.error };
    setTimeout(() => tell(socket, { question, ...answer }), mood.loadMs);
  },
  write({ question, key }, socket) {
    versions.set(key, (versions.get(key) ?? 0) + 1);
    tell(socket, { question, version: versions.get(key) });
  },
  saw: ({ node, seen }) => {
    for (const [key, version, at] of seen) reads.push({ node, key, version, at });
  },
  changed: ({ node, key, version, resolvedAt, takenAt }) => changes.push({ node, key, version, resolvedAt, takenAt }),
};

const server = createServer({ noDelay: true }, (socket) => {
  onMessage(socket, (message) => hears[message.verb](message, socket));
  // A node may be killed.
  socket.on("error", () => {});
});
const listening = new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const verbs = {
  async port() {
    await listening;
    return server.address().port;
  },
  versions: () => Object.fromEntries(versions),
  loads: () => Object.fromEntries(loads),
  /** How it answers from now on. */
  mood: (change) => Object.assign(mood, { error: undefined }, change),
  findings: (span) => judge({ reads, changes }, span),
};

process.on("message", ({ call, verb, args }) => void answer(call, () => verbs[verb](...args)));
process.on("disconnect", () => process.exit());

async function answer(call, act) {
  try {
    process.send({ call, result: await act(), at: 0 });
  } catch (error) {
    process.send({ call, error: String(error?.stack ?? error) });
  }
}
