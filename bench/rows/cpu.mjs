import { Redis } from "ioredis";
import { faceOf } from "../harness/cannot.mjs";
import { measureFigures } from "../harness/figures-row.mjs";
import { check, fill, keys, origin, readOrder, valueOf } from "../harness/workload.mjs";
import { ON_REDIS } from "../subjects/names.mjs";

const OPERATIONS = ["get", "set", "set with tiers", "cold getOrSet"];

export const row = {
  title: "Processor time of an operation",
  about:
    "One call after the other, each library in a process of its own: the processor time that the process and Redis take " +
    "for it. What a fast machine hides in wake-ups comes out here. With a bus where a library has one.",
  redis: true,
  subjects: ON_REDIS,
  plot: OPERATIONS.map((operation) => columnOf(operation, "client")),
};

function columnOf(operation, side) {
  return `${operation}, ${side}`;
}

export async function measure({ start, short, ...how }) {
  const count = short ? 20 : 2_000;
  const columns = OPERATIONS.flatMap((operation) => ["client", "Redis"].map((side) => columnOf(operation, side)));
  const open = async (participant) => {
    const child = await start(participant);
    const round = async () => {
      const figures = {};
      for (const operation of OPERATIONS) {
        const taken = await child.call("take", operation, count);
        for (const side of ["client", "Redis"]) figures[columnOf(operation, side)] = taken[side];
      }
      return figures;
    };
    return { round, end: () => child.end() };
  };
  const units = Object.fromEntries(columns.map((column) => [column, "µs"]));
  return measureFigures({ ...how, start: open, units });
}

export async function open(subject, { url, short }) {
  const admin = new Redis(url);
  const source = origin();
  let isFilled = false;
  const load = async () => (isFilled ? valueOf(0) : source.load());
  const options = { url, load, patient: short };
  const face = await faceOf(subject, { ...options, setup: "redis" });
  await fill(face, source, short ? 100 : 2_000);
  isFilled = true;
  const tiers = await tiersOf(subject, options);
  const order = readOrder(short ? 100 : 2_000);
  let cold = 0;
  const operations = {
    get: async (at) => check(await face.get(keys[at]), at),
    set: (at) => face.set(keys[at], valueOf(at)),
    "set with tiers": tiers && ((at) => tiers.set(keys[at], valueOf(at))),
    async "cold getOrSet"(at) {
      cold += 1;
      await face.getOrSet(`${keys[at]}:${process.pid}:${cold}`);
    },
  };
  const take = async (name, count) => {
    const operation = operations[name];
    if (operation === undefined) return { client: "–", Redis: "–" };
    const work = async (times) => {
      for (let next = 0; next < times; next += 1) await operation(order.places[next & order.mask]);
    };
    await work(count / 10);
    const [redisBefore, before] = [await redisMicros(admin), process.cpuUsage()];
    await work(count);
    const { user, system } = process.cpuUsage(before);
    return { client: (user + system) / count, Redis: ((await redisMicros(admin)) - redisBefore) / count };
  };
  return { take };
}

/** `undefined` where a library has no tiers. */
async function tiersOf(subject, options) {
  if (subject.tiered === undefined) return undefined;
  const bus = !("bus" in subject.cannot);
  return faceOf(subject, { ...options, setup: "tiered", bus, maxEntries: 10_000 });
}

async function redisMicros(admin) {
  const info = await admin.info("cpu");
  const seconds = ["used_cpu_user", "used_cpu_sys"].map((name) =>
    Number(new RegExp(`${name}:([\\d.]+)`).exec(info)[1]),
  );
  return (seconds[0] + seconds[1]) * 1e6;
}
