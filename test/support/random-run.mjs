import { machineMs } from "./machine-ms.mjs";

/** Anyone deletes these, invalidates their tags and clears them. */
const SHARED = ["d0", "d1", "d2", "d3"];
/** One node each changes these, one change after the other, since nobody could say which of two sets is the newer one. */
const OWNED = { n0: "s0", n1: "s1", n2: "s2" };
/** Nobody changes or clears these: they expire. */
const EXPIRING = ["x0", "x1"];
const EXPIRING_TTL_MS = 300;
const TAGS = ["even", "odd"];
const LANES = 6;
const ENOUGH = { reads: 1_000, changes: 100 };

/**
 * Random reads and changes until `ms` have passed, and until there is enough to judge by, however slow the machine. Before each change the origin is written, so that an older version
 * that is read after it is stale. Behind each change a message goes over the bus, which tells the others that all
 * messages of this change have come.
 */
export async function randomRun({ cache, still, bus, origin, name }, { ms, seed }) {
  const log = { name, reads: [], changes: [], heard: [] };
  const random = randomFrom(seed);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const until = machineMs() + ms;
  const silence = bus.subscribe({ message: (message) => hear(log, message), gap: () => {}, error: () => {} });

  const load = async (key) => {
    const [version] = await origin("read", [key]);
    if (random() < 0.5) await new Promise((resolve) => setTimeout(resolve, random() * 5));
    return { version, loadedAt: machineMs() };
  };

  const read = async (key) => {
    const begunAt = machineMs();
    const options = optionsOf(key, random());
    const holder = EXPIRING.includes(key) ? still : cache;
    const value = random() < 0.3 ? await holder.get(key) : await holder.getOrSet(key, () => load(key), options);
    if (value !== undefined) log.reads.push({ key, begunAt, ...value });
  };

  const change = async (kind, keys, act) => {
    const versions = await origin("write", keys);
    await act(versions[0]);
    const number = log.changes.length;
    log.changes.push({ kind, keys, versions, resolvedAt: machineMs() });
    // Where it cannot be said nobody has heard it, and none of the others is held to it.
    await bus.publish({ type: "changed", keys: [`fence ${name} ${number}`] }).catch(() => {});
  };

  const changeShared = () => {
    const [key, tag] = [pick(SHARED), pick(TAGS)];
    const tagged = SHARED.filter((other) => tagOf(other) === tag);
    const dice = random();
    if (dice < 0.6) return change("delete", [key], () => cache.delete(key));
    if (dice < 0.85) return change("tag", tagged, () => cache.invalidateTags(tag));
    return change("clear", SHARED, () => cache.clear());
  };

  const changeOwned = () => {
    const [key, dice] = [OWNED[name], random()];
    if (dice < 0.6) return change("set", [key], (version) => cache.set(key, { version, loadedAt: machineMs() }));
    if (dice < 0.8) return change("delete", [key], () => cache.delete(key));
    return change("expire", [key], () => cache.expire(key));
  };

  const isEnough = () => log.reads.length >= ENOUGH.reads && log.changes.length >= ENOUGH.changes;

  const lane = async (number) => {
    while (machineMs() < until || !isEnough()) {
      const dice = random();
      if (dice < 0.8) await read(pick([...SHARED, ...Object.values(OWNED), ...EXPIRING]));
      else if (number === 0) await changeOwned();
      else if (number === 1) await changeShared();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
  silence();
  return log;
}

function hear({ heard }, { keys = [] }) {
  for (const key of keys) {
    const [kind, node, number] = key.split(" ");
    if (kind === "fence") heard.push({ node, number: Number(number), at: machineMs() });
  }
}

/** Some reads of a key let its entry be refreshed behind: also then nothing that was deleted may come. */
function optionsOf(key, dice) {
  if (key[0] === "x") return { ttl: EXPIRING_TTL_MS };
  if (key[0] === "s" || dice < 0.5) return { tags: [tagOf(key)] };
  return { tags: [tagOf(key)], ttl: 20, staleWhileRevalidate: "1s" };
}

function tagOf(key) {
  return TAGS[Number(key.slice(1)) % 2];
}

/** A number from 0 up to 1, the same ones for the same seed. (Mulberry32, by Tommy Ettinger.) */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
