import { faceOf } from "../harness/cannot.mjs";
import { reads, timing } from "../harness/timing.mjs";
import { fill, origin, readOrder } from "../harness/workload.mjs";
import { ON_REDIS } from "../subjects/names.mjs";

export const row = {
  title: "A hit in Redis",
  about: "10,000 entries in Redis, none in memory; each library on the client that it documents.",
  redis: true,
  floor: "by-hand",
  subjects: ON_REDIS,
  goals: {
    "get, one by one": [1.1, 1],
    "get, 100 at once": [0.6, 0.4],
    "getOrSet, one by one": [1.1, 1],
    "getOrSet, 100 at once": [0.6, 0.4],
  },
  plot: ["getOrSet, one by one", "getOrSet, 100 at once"],
};

export async function open(subject, context) {
  const source = origin();
  const face = await faceOf(subject, { setup: "redis", url: context.url, load: source.load, patient: context.short });
  await fill(face, source, context.short ? 1_000 : undefined);
  const order = readOrder(context.short ? 1_000 : undefined);
  return timing(reads({ subject, face, methods: ["get", "getOrSet"], order }), context);
}
