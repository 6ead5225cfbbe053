import { Cannot, faceOf } from "../harness/cannot.mjs";
import { atOnce, oneByOne, timing } from "../harness/timing.mjs";
import { check, KEYS, keys, origin, readOrder, valueOf } from "../harness/workload.mjs";
import { TIERED } from "../subjects/names.mjs";

export const row = {
  title: "A write to memory and Redis",
  about:
    "`set` of a value that both tiers take; then the same with a bus that tells the other processes. " +
    "The floor is one `SET` of the JSON, in both cases.",
  redis: true,
  floor: "by-hand",
  subjects: TIERED,
  goals: { "one by one": [1.2, 1.05], "100 at once": [1.5, 0.8] },
  plot: ["one by one", "100 at once", "with a bus, one by one", "with a bus, 100 at once"],
};

const values = keys.map((_, at) => valueOf(at));

export async function open(subject, context) {
  const plain = await columnsOf(subject, context, "");
  const withBus = await columnsOf(subject, { ...context, bus: true }, "with a bus, ").catch(reasonOf);
  if (typeof withBus !== "string") return timing({ ...plain, ...withBus }, context);
  const none = Object.keys(plain).map((name) => [`with a bus, ${name}`, withBus]);
  return timing({ ...plain, ...Object.fromEntries(none) }, context);
}

function reasonOf(error) {
  if (error instanceof Cannot) return error.cannot;
  throw error;
}

async function columnsOf(subject, { url, bus, short }, prefix) {
  const needs = bus && subject.name !== "by-hand" ? ["bus"] : [];
  const options = { setup: "tiered", url, maxEntries: KEYS, load: origin().load, patient: short };
  const face = await faceOf(subject, { ...options, needs, bus });
  await verify(face, () => faceOf(subject, options));
  const write = (at) => face.set(keys[at], values[at]);
  const order = readOrder();
  return {
    [`${prefix}one by one`]: oneByOne(write, order, () => {}),
    [`${prefix}100 at once`]: atOnce(write, order, () => {}),
  };
}

/** What is written is in Redis: somebody else reads it there. */
async function verify(face, open) {
  for (const at of [1, 2]) await face.set(keys[at], valueOf(at));
  const other = await open();
  for (const at of [1, 2]) check(await other.getOrSet(keys[at]), at);
  await other.close();
}
