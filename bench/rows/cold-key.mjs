import { setTimeout as pause } from "node:timers/promises";
import { faceOf } from "../harness/cannot.mjs";
import { measureFigures } from "../harness/figures-row.mjs";
import { EVERYBODY } from "../subjects/names.mjs";

const PROCESSES = 4;
const CALLERS = 250;
const LOAD_MS = 50;

export const row = {
  title: "A cold key that everybody asks for",
  about:
    "Four processes with 250 callers each ask for one key that is nowhere, with a loader that takes 50 ms: how often it " +
    "runs, and when the last caller has its value. Memory over Redis where a library has tiers, else Redis.",
  redis: true,
  subjects: EVERYBODY.filter((name) => name !== "by-hand"),
  goals: { loads: [1, 1], "until the last caller has it": [150, 85] },
  plot: ["loads"],
};

const UNITS = { loads: "loads", "until the last caller has it": "ms", "loads of 100 callers in one process": "loads" };

export async function measure({ start, ...how }) {
  let keys = 0;
  const open = async (participant) => {
    const children = await Promise.all(Array.from({ length: PROCESSES }, () => start(participant)));
    const round = async () => {
      keys += 1;
      const asked = children.map((child) => child.call("ask", `cold${keys}`, CALLERS));
      const answers = await Promise.all(asked);
      const alone = await children[0].call("ask", `alone${keys}`, 100);
      return {
        loads: answers.reduce((sum, { loads }) => sum + loads, 0),
        "until the last caller has it": Math.max(...answers.map(({ ms }) => ms)),
        "loads of 100 callers in one process": alone.loads,
      };
    };
    return { round, end: () => Promise.all(children.map((child) => child.end())) };
  };
  return measureFigures({ ...how, start: open, units: UNITS });
}

export async function open(subject, { url }) {
  let loads = 0;
  const load = async () => {
    loads += 1;
    await pause(LOAD_MS);
    return "value";
  };
  const setup = subject.tiered === undefined ? "redis" : "tiered";
  const face = await faceOf(subject, { setup, url, maxEntries: 1_000, bus: !("bus" in subject.cannot), load });
  // From here on it is connected.
  await face.getOrSet("warm");
  const ask = async (key, callers) => {
    loads = 0;
    const from = performance.now();
    const values = await Promise.all(Array.from({ length: callers }, () => face.getOrSet(key)));
    if (values.some((value) => value !== "value")) throw new Error("A caller got something else.");
    return { loads, ms: performance.now() - from };
  };
  return { ask };
}
