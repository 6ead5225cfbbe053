// entry-bytes.mjs <kind>: prints what an entry of a kind takes of the heap, with its key, and what the store says of it.
// Runs on what was built, with --expose-gc. A process for each: what one leaves behind is not the next one's.
import { memoryStore } from "../../dist/index.js";

const DAY_MS = 86_400_000;
const ENTRIES = 50_000;
const now = Date.now();

const plain = (at) => {
  const until = now + DAY_MS + at;
  return { value: 1, createdAt: now - at, freshUntil: until, keepUntil: until };
};
const tagged = (at) => ({ ...plain(at), tags: ["catalogue", `team:${at % 7}`] });
/** As a pair of tiers keeps its copies. */
const copied = (at) => ({ ...plain(at), nearUntil: Number.POSITIVE_INFINITY, epoch: 0 });

const odd = [
  { ...plain(0), createdAt: now + 0.25 },
  { ...plain(0), freshUntil: Number.POSITIVE_INFINITY, keepUntil: Number.POSITIVE_INFINITY },
  { ...plain(0), freshUntil: now + 60 * DAY_MS, keepUntil: now + 60.5 * DAY_MS },
];

function heap() {
  for (let time = 0; time < 4; time += 1) globalThis.gc();
  return process.memoryUsage().heapUsed;
}

function filled(entries, make) {
  const store = memoryStore({ maxBytes: 10 ** 9 });
  for (let at = 0; at < entries; at += 1) store.set(["granary:v1:default:id", at].join(""), make(at));
  return store;
}

const kinds = { plain, tagged, copied, afterOdd: plain };
const [kind] = process.argv.slice(2);
// Code takes room on the heap too.
filled(500, kinds[kind]);
const before = memoryStore();
if (kind === "afterOdd") for (const [at, entry] of odd.entries()) before.set(`odd ${at}`, entry);
const empty = heap();
const store = filled(ENTRIES, kinds[kind]);
console.log(JSON.stringify({ bytes: (heap() - empty) / ENTRIES, said: store.byteCount / ENTRIES }));
