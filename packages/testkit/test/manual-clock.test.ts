import { isCacheError } from "@granary/core";
import { manualClock } from "@granary/testkit";
import { expect, test } from "vitest";

test("time stands still until it is moved", async () => {
  const clock = manualClock(1_000);
  expect(clock.now()).toBe(1_000);
  await clock.advance(250);
  expect(clock.now()).toBe(1_250);
});

test("without a start it begins at the same instant in every run", () => {
  expect(manualClock().now()).toBe(manualClock().now());
});

test("due timers run in the order of their instants, each at its own", async () => {
  const clock = manualClock(0);
  const ran: string[] = [];
  const note = (name: string) => () => ran.push(`${name} at ${clock.now()}`);
  clock.after(30, note("c"));
  clock.after(10, note("a"));
  clock.after(10, note("b"));
  clock.after(31, note("late"));
  await clock.advance(30);
  expect(ran).toEqual(["a at 10", "b at 10", "c at 30"]);
  expect(clock.pending).toBe(1);
});

test("a timer that is set on the way runs in the same advance, if it falls due", async () => {
  const clock = manualClock(0);
  const ran: number[] = [];
  const again = () => {
    ran.push(clock.now());
    clock.after(10, again);
  };
  clock.after(10, again);
  await clock.advance(35);
  expect(ran).toEqual([10, 20, 30]);
});

test("promise jobs settle between two timers, however many follow each other", async () => {
  const clock = manualClock(0);
  const order: string[] = [];
  const jobs = async (): Promise<void> => {
    for (let n = 0; n < 100; n += 1) await Promise.resolve();
    order.push("jobs of the first");
  };
  clock.after(10, () => void jobs());
  clock.after(10, () => order.push("second"));
  await clock.advance(10);
  expect(order).toEqual(["jobs of the first", "second"]);
});

test("a timer set by a promise job before the advance is seen", async () => {
  const clock = manualClock(0);
  let hasRun = false;
  void Promise.resolve().then(() => clock.after(5, () => (hasRun = true)));
  await clock.advance(5);
  expect(hasRun).toBe(true);
});

test("a cancelled timer does not run, cancelled from another timer neither", async () => {
  const clock = manualClock(0);
  let ran = 0;
  const cancel = clock.after(10, () => (ran += 1));
  clock.after(5, cancel);
  expect(clock.pending).toBe(2);
  await clock.advance(100);
  expect([ran, clock.pending]).toEqual([0, 0]);
});

test("a jump of the clock moves no timer", async () => {
  const clock = manualClock(1_000_000);
  let ranAt = 0;
  clock.after(100, () => (ranAt = clock.now()));
  clock.set(0);
  expect(clock.now()).toBe(0);
  await clock.advance(99);
  expect(ranAt).toBe(0);
  await clock.advance(1);
  expect(ranAt).toBe(100);
  clock.set(5_000_000);
  expect([clock.now(), clock.pending]).toEqual([5_000_000, 0]);
});

test("a timer for now or for earlier runs at the next advance, one for never stays", async () => {
  const clock = manualClock(0);
  let ran = 0;
  clock.after(0, () => (ran += 1));
  clock.after(-5, () => (ran += 1));
  clock.after(Number.POSITIVE_INFINITY, () => (ran += 1));
  expect(ran).toBe(0);
  await clock.advance(0);
  expect([ran, clock.pending]).toEqual([2, 1]);
});

test("what a timer throws comes out of the advance", async () => {
  const clock = manualClock(0);
  clock.after(1, () => {
    throw new Error("from the timer");
  });
  await expect(clock.advance(1)).rejects.toThrow("from the timer");
});

test.each([-1, Number.NaN])("an advance by %s ms is refused", async (ms) => {
  await expect(manualClock().advance(ms)).rejects.toSatisfy((error) => isCacheError(error, "INVALID_OPTION"));
});
