import { Redis } from "ioredis";
import { faceOf } from "../harness/cannot.mjs";
import { inOneGo, readBy, reads, timing } from "../harness/timing.mjs";
import { fill, origin, readOrder } from "../harness/workload.mjs";
import { TIERED } from "../subjects/names.mjs";

/** Of the sequence of reads an LRU of this size holds 90 %. */
const MAX_ENTRIES = 5_200;
const FAR_SHARE = 0.1;

export const row = {
  title: "A read of memory over Redis",
  about:
    "10,000 entries in Redis and the most recently read of them in memory, where 90 % of the reads find them. In one go: " +
    "a caller asks for 100, and waits for all of them before it asks for the next.",
  redis: true,
  floor: "by-hand",
  subjects: TIERED,
  goals: {
    "get, one by one": [1.3, 1.1],
    "get, 100 at once": [0.75, 0.6],
    "getOrSet, one by one": [1.3, 1.1],
    "getOrSet, 100 at once": [0.75, 0.6],
  },
  plot: ["getOrSet, one by one", "getOrSet, 100 at once"],
};

export async function open(subject, context) {
  const source = origin();
  const { url, short } = context;
  const [size, maxEntries] = short ? [1_000, MAX_ENTRIES / 10] : [undefined, MAX_ENTRIES];
  const face = await faceOf(subject, { setup: "tiered", url, maxEntries, load: source.load, patient: short });
  await fill(face, source, size);
  const order = readOrder(size);
  const reading = { subject, face, methods: ["get", "getOrSet"], order };
  const columns = { ...reads(reading), "getOrSet, 100 in one go": readBy(inOneGo, "getOrSet", reading) };
  if (!short) await verifyShare(columns["getOrSet, 100 at once"], url);
  return timing(columns, context);
}

/** Each library reads as often from Redis as the others: a tenth of the time. */
async function verifyShare(read, url) {
  const client = new Redis(url);
  const found = async () => Number(/keyspace_hits:(\d+)/.exec(await client.info("stats"))[1]);
  await read(20_000);
  const before = await found();
  await read(20_000);
  const share = ((await found()) - before) / 20_000;
  client.disconnect();
  if (Math.abs(share - FAR_SHARE) > FAR_SHARE / 5) throw new Error(`Asked Redis for ${share} of the reads.`);
}
