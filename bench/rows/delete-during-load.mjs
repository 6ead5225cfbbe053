import { setTimeout as pause } from "node:timers/promises";
import { faceOf } from "../harness/cannot.mjs";
import { measureFigures } from "../harness/figures-row.mjs";
import { EVERYBODY } from "../subjects/names.mjs";

export const row = {
  title: "A delete during a load",
  about:
    "A loader has read the old value, a `delete` resolves, `getOrSet` is called again with a loader that gives the new " +
    "value, then the first loader ends. What the second call got, and what is in the cache at the end.",
  redis: true,
  subjects: EVERYBODY.filter((name) => name !== "by-hand"),
};

const UNITS = { "got by the second call": "", "in the cache at the end": "" };

export async function measure({ participants, start, failed }) {
  const open = async (participant) => {
    const child = await start(participant);
    return { round: () => child.call("race"), end: () => child.end() };
  };
  return measureFigures({ participants, start: open, failed, rounds: { counted: 1, warmUp: 0 }, units: UNITS });
}

export async function open(subject, { url }) {
  const loads = [];
  const load = () => loads.shift()?.() ?? Promise.resolve("nothing");
  const setup = subject.tiered === undefined ? "redis" : "tiered";
  const face = await faceOf(subject, { setup, url, maxEntries: 1_000, bus: !("bus" in subject.cannot), load });
  await face.getOrSet("warm");
  return { race: () => race(face, loads) };
}

async function race(face, loads) {
  const [reading, old] = [withResolvers(), withResolvers()];
  const slow = () => {
    reading.resolve();
    return old.promise;
  };
  loads.push(slow, async () => "new");
  const first = face.getOrSet("raced");
  await reading.promise;
  await face.delete("raced");
  const second = face.getOrSet("raced");
  // A library that shares the load of before the delete answers only once that one ends.
  await Promise.race([second, pause(500)]);
  old.resolve("old");
  await first;
  const got = await second;
  loads.length = 0;
  const left = face.get === undefined ? await face.getOrSet("raced") : await face.get("raced");
  return { "got by the second call": got, "in the cache at the end": left ?? "nothing" };
}

function withResolvers() {
  let resolve;
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
