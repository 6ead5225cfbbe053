import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { Cannot, faceOf } from "../harness/cannot.mjs";
import { measureFigures } from "../harness/figures-row.mjs";
import { check, origin, valueOf } from "../harness/workload.mjs";

const SIZES = { bulk: 10_000, kept: 1_000, plain: 1_000 };
const READS = 50_000;
const SETUPS = { memory: "memory", tiered: "memory over Redis" };

export const row = {
  title: "Invalidating a tag",
  about:
    "A tag that 10,000 entries carry is invalidated; then entries with another tag are read, beside entries " +
    "without any. Where a library has a bus, it has one here.",
  redis: true,
  subjects: ["granary", "bentocache", "cacheable", "async-cache-dedupe"],
  goals: {
    "memory: invalidate": [1, 0.1],
    "memory: tagged hit after": [1.3, 1.1],
    "memory over Redis: invalidate": [1, 1],
    "memory over Redis: tagged hit after": [1.3, 1.1],
    "memory over Redis: asked of Redis by 1,000 such hits": [0, 0],
  },
  plot: ["memory: invalidate", "memory over Redis: invalidate"],
};

const UNITS = Object.fromEntries(
  Object.values(SETUPS).flatMap((name) => [
    [`${name}: invalidate`, "ms"],
    [`${name}: tagged hit after`, "× its untagged hit"],
    [`${name}: asked of Redis by 1,000 such hits`, "commands"],
  ]),
);

export async function measure({ start, rounds, ...how }) {
  const open = async (participant) => {
    const child = await start(participant);
    return { round: () => child.call("round"), end: () => child.end() };
  };
  // Each round fills 10,000 entries twice.
  const fewer = { counted: Math.min(rounds.counted, 9), warmUp: Math.min(rounds.warmUp, 1) };
  return measureFigures({ ...how, start: open, rounds: fewer, units: UNITS });
}

export async function open(subject, context) {
  const faces = new Map();
  for (const setup of Object.keys(SETUPS)) {
    const face = await opened(subject, { setup, url: context.url, patient: context.short });
    if (face !== undefined) faces.set(setup, face);
  }
  const round = async () => {
    const figures = {};
    for (const [setup, face] of faces) Object.assign(figures, await roundOf(face, { setup, context }));
    return figures;
  };
  return { round };
}

async function opened(subject, { setup, url, patient }) {
  const source = origin();
  const options = { setup, url, maxEntries: 20_000, bus: !("bus" in subject.cannot), load: source.load, patient };
  try {
    return { source, ...(await faceOf(subject, { ...options, tagsOf, needs: ["tags"] })) };
  } catch (error) {
    if (error instanceof Cannot && setup !== "memory") return undefined;
    throw error;
  }
}

const TAGS = { b: ["bulk", "shop"], k: ["kept", "shop"], p: undefined };
const tagsOf = (key) => TAGS[key[0]];

async function roundOf(face, { setup, context }) {
  const sizes = Object.entries(SIZES).map(([kind, size]) => [kind, context.short ? size / 10 : size]);
  for (const [kind, size] of sizes) await fillKind(face, { kind, size });
  await pause(5);
  const from = performance.now();
  await face.invalidateTag("bulk");
  const ms = performance.now() - from;
  await verifyGone(face);
  const reads = context.short ? 1_000 : READS;
  const asked = await asking(context.url, () => readAll(face, { kind: "kept", reads: 1_000 }));
  const plain = await readAll(face, { kind: "plain", reads });
  const tagged = await readAll(face, { kind: "kept", reads });
  const name = SETUPS[setup];
  return {
    [`${name}: invalidate`]: ms,
    [`${name}: tagged hit after`]: tagged / plain,
    ...(setup === "memory" ? {} : { [`${name}: asked of Redis by 1,000 such hits`]: asked }),
  };
}

async function fillKind(face, { kind, size }) {
  for (let from = 0; from < size; from += 100) {
    if (face.set === undefined) await fillByLoads(face, { kind, from });
    else await Promise.all(Array.from({ length: 100 }, (_, at) => face.set(`${kind}${from + at}`, valueOf(from + at))));
  }
}

async function fillByLoads(face, { kind, from }) {
  for (let at = from; at < from + 100; at += 1) {
    face.source.hand(valueOf(at));
    await face.getOrSet(`${kind}${at}`);
  }
  face.source.close();
}

async function verifyGone(face) {
  face.source.hand("new");
  for (const at of [0, 50, 99]) {
    if ((await face.getOrSet(`bulk${at}`)) !== "new") throw new Error("What was invalidated is still there.");
  }
  face.source.close();
  await face.invalidateTag("bulk");
  await pause(5);
}

/** Nanoseconds a read of the entries of a kind, one by one. */
async function readAll(face, { kind, reads }) {
  const keys = Array.from({ length: 100 }, (_, at) => `${kind}${at}`);
  const from = process.hrtime.bigint();
  for (let done = 0; done < reads; done += 1) check(await face.getOrSet(keys[done % 100]), done % 100);
  return Number(process.hrtime.bigint() - from) / reads;
}

/** How many commands Redis was sent during `work`. */
async function asking(url, work) {
  const client = new Redis(url);
  const count = async () => Number(/total_commands_processed:(\d+)/.exec(await client.info("stats"))[1]);
  const before = await count();
  await work();
  const after = await count();
  client.disconnect();
  // The first count is itself a command.
  return after - before - 1;
}
