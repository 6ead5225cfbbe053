import { mock } from "node:test";
import FakeTimers from "@sinonjs/fake-timers";
import { vi } from "vitest";

/** Timers and dates of a test in the place of the machine's, as one library puts them there. */
export interface FakeTimersOf {
  readonly library: string;
  putIn(): void;
  takeOut(): void;
  /** Lets `ms` milliseconds pass, and what falls due meanwhile run. */
  pass(ms: number): Promise<void>;
}

/** Kept from before anything is faked: only tests may do so. */
const turn = setImmediate;
const oneTurn = (): Promise<void> => new Promise((resolve) => void turn(resolve));

let installed: ReturnType<typeof FakeTimers.install> | undefined;

/**
 * By `nextTick` the runner of the tests hears what it has asked for: an answer that came while it is faked would be lost,
 * and waited for without end. test/faked-ticks.test.ts fakes it, in a process of its own.
 */
function withFakeTimers(library: string, more: Parameters<typeof FakeTimers.install>[0]): FakeTimersOf {
  return {
    library,
    putIn: () => {
      installed = FakeTimers.install({ now: Date.now(), toNotFake: ["nextTick"], ...more });
    },
    takeOut: () => {
      installed?.uninstall();
      installed = undefined;
    },
    async pass(ms) {
      await installed?.tickAsync(ms);
      await oneTurn();
    },
  };
}

/** The four libraries. */
export const fakeTimers: readonly FakeTimersOf[] = [
  {
    library: "vitest",
    putIn: () => void vi.useFakeTimers(),
    takeOut: () => void vi.useRealTimers(),
    async pass(ms) {
      await vi.advanceTimersByTimeAsync(ms);
      await oneTurn();
    },
  },
  withFakeTimers("sinon", {}),
  withFakeTimers("jest", { loopLimit: 100_000 }),
  {
    library: "node:test",
    putIn: () => mock.timers.enable({ apis: ["setTimeout", "setInterval", "setImmediate", "Date"], now: Date.now() }),
    takeOut: () => mock.timers.reset(),
    // A timer that is set on the way begins at the end of a tick: so time passes bit by bit.
    async pass(ms) {
      for (let left = 20; left > 0; left -= 1) {
        mock.timers.tick(ms / 20);
        await oneTurn();
      }
    },
  },
];
