import { faceOf } from "../harness/cannot.mjs";
import { reads, timing } from "../harness/timing.mjs";
import { fill, KEYS, origin, readOrder } from "../harness/workload.mjs";
import { EVERYBODY } from "../subjects/names.mjs";

export const row = {
  title: "A hit in memory",
  about: "10,000 entries with a ttl; read with `get`, and with `getOrSet`, which finds all of them.",
  floor: "by-hand",
  subjects: EVERYBODY,
  goals: {
    "get, one by one": [1.6, 1.2],
    "get, 100 at once": [1.6, 1.2],
    "getOrSet, one by one": [1.6, 1.2],
    "getOrSet, 100 at once": [1.6, 1.2],
  },
  plot: ["getOrSet, one by one", "getOrSet, 100 at once"],
};

export async function open(subject, context) {
  const source = origin();
  const face = await faceOf(subject, { setup: "memory", maxEntries: KEYS, load: source.load });
  await fill(face, source);
  return timing(reads({ subject, face, methods: ["get", "getOrSet"], order: readOrder() }), context);
}
