import { faceOf } from "../harness/cannot.mjs";
import { measureFigures } from "../harness/figures-row.mjs";
import { atOnce } from "../harness/timing.mjs";
import { check, fill, keys, origin, readOrder } from "../harness/workload.mjs";
import { TIERED } from "../subjects/names.mjs";

const PROCESSES = [1, 2, 4];
const BURST_MS = 400;
const MAX_ENTRIES = 5_200;

export const row = {
  title: "Several processes",
  about:
    "Reads a second of one, two and four processes together, each with 100 reads at once, 90 % of them in its memory and " +
    "the rest in the same Redis. With a bus where a library has one.",
  redis: true,
  subjects: TIERED,
  plot: PROCESSES.map(columnOf),
};

function columnOf(count) {
  return count === 1 ? "1 process" : `${count} processes`;
}

export async function measure({ start, short, ...how }) {
  const burstMs = short ? 20 : BURST_MS;
  const open = async (participant) => {
    const children = [];
    for (let at = 0; at < PROCESSES.at(-1); at += 1) children.push(await start(participant, { first: at === 0 }));
    const round = async () => {
      const figures = {};
      for (const count of PROCESSES) {
        const reads = await Promise.all(children.slice(0, count).map((child) => child.call("burst", burstMs)));
        figures[columnOf(count)] = reads.reduce((sum, each) => sum + each, 0);
      }
      return figures;
    };
    return { round, end: () => Promise.all(children.map((child) => child.end())) };
  };
  const units = Object.fromEntries(PROCESSES.map((count) => [columnOf(count), "reads/s"]));
  return measureFigures({ ...how, start: open, units });
}

export async function open(subject, { url, first, short }) {
  const source = origin();
  const bus = !("bus" in subject.cannot);
  const size = short ? 1_000 : undefined;
  const options = { setup: "tiered", url, bus, maxEntries: MAX_ENTRIES, load: source.load, patient: short };
  const face = await faceOf(subject, options);
  if (first) await fill(face, source, size);
  const read = atOnce((at) => face.getOrSet(keys[at]), readOrder(size), check);
  /** Reads a second during `ms`. */
  const burst = async (ms) => {
    let reads = 0;
    const from = performance.now();
    for (; performance.now() - from < ms; reads += 1_000) await read(1_000);
    return (reads / (performance.now() - from)) * 1_000;
  };
  await burst(short ? 1 : 100);
  return { burst };
}
