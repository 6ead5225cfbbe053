import { keepArmed } from "./timers.js";

/** So far the wall clock may have gone on before it is held against the steady one again. */
const COMPARED_MS = 50;

/** What the two may differ by from one comparison to the next without anything having happened. */
const LEAP_MS = 250;

/** The wall clock counts whole milliseconds, of which one may be cut off. */
const GRAIN_MS = 1;

/** Readings of both clocks that lie further apart than this, since the process was held up in between, are taken again. */
const TOGETHER_MS = 5;
const MOST_READINGS = 4;

/** What both clocks said at one moment, and which functions said it. These are looked up anew each time. */
interface Readings {
  readonly wall: number;
  readonly wallNow: unknown;
  /** `NaN` where the runtime has no steady clock. */
  readonly steady: number;
  readonly steadyNow: unknown;
}

/**
 * The last of them. Until the wall clock has gone on by a little it is taken at its word, as long as it and the timers are
 * the same functions. One object costs a hit less than as many variables.
 */
const known = {
  wall: Number.NaN,
  wallNow: undefined as unknown,
  steady: Number.NaN,
  steadyNow: undefined as unknown,
  timers: undefined as unknown,
  /** So far the machine's wall clock has been set back in all. */
  setBackMs: 0,
};

const listeners = new Set<() => void>();

/**
 * The wall clock, which never goes back. Where it is set back, time goes on as the steady clock says. Where it leaps
 * ahead, the process was suspended, which many steady clocks leave out, or the clock was set: nobody can tell, so all of
 * it counts as time that has passed. A clock that a test has put in the place of the machine's is taken at its word,
 * whatever it says.
 *
 * Two clocks at each reading would cost a cache hit a quarter. So the wall clock alone is read, and held against the
 * steady one whenever it has gone on by a little, and at once when it leaps or goes back.
 */
export function machineNow(): number {
  const wall = Date.now();
  const passed = wall - known.wall;
  if (passed >= 0 && passed < COMPARED_MS && Date.now === known.wallNow && setTimeout === known.timers)
    // To add a zero costs a fifth of the clock itself.
    return known.setBackMs === 0 ? wall : wall + known.setBackMs;
  keepArmed();
  return compared();
}

/** Calls `listener` when the wall clock has leapt ahead of the steady one. Returns a function that stops it. */
export function onLeap(listener: () => void): () => void {
  const own = (): void => listener();
  listeners.add(own);
  return () => listeners.delete(own);
}

function compared(): number {
  const before = { ...known };
  const { wall, steady, wallNow, steadyNow } = Object.assign(known, readings(), { timers: setTimeout });
  const aheadMs = wall - before.wall - (steady - before.steady);
  const isSameSteady = steadyNow === before.steadyNow;
  if (wallNow !== before.wallNow) known.setBackMs = 0;
  else if (isSameSteady && aheadMs < -LEAP_MS && isMachines(Date.now)) known.setBackMs += Math.ceil(GRAIN_MS - aheadMs);
  // By another steady clock nobody knows how long it has been.
  if (!isSameSteady || aheadMs > LEAP_MS) for (const listener of [...listeners]) listener();
  return wall + known.setBackMs;
}

function readings(): Readings {
  for (let left = MOST_READINGS; ; left -= 1) {
    const steady = steadyTime();
    const wall = Date.now();
    if (left > 1 && steadyTime() - steady > TOGETHER_MS) continue;
    return { wall, wallNow: Date.now, steady, steadyNow: steadyClock()?.now };
  }
}

function steadyTime(): number {
  return steadyClock()?.now() ?? Number.NaN;
}

/** Not every runtime has one. */
function steadyClock(): Pick<Performance, "now"> | undefined {
  return globalThis.performance;
}

function isMachines(clock: () => number): boolean {
  return Function.prototype.toString.call(clock).includes("[native code]");
}
