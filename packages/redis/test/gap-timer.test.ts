import { manualClock } from "@granary/testkit";
import { expect, test } from "vitest";
import { GapTimer } from "../src/gap-timer.js";

/** A timer, and when it told of gaps, in milliseconds since it was made. */
function open() {
  const clock = manualClock();
  const startedAt = clock.now();
  const [line, gaps] = [{ aliveAt: startedAt }, new Array<number>()];
  const timer = new GapTimer({ clock, aliveAt: () => line.aliveAt, gap: () => gaps.push(clock.now() - startedAt) });
  const aliveAt = (ms: number): void => {
    line.aliveAt = startedAt + ms;
  };
  return { clock, timer, gaps, aliveAt };
}

test("a bus that nothing was ever heard of has a gap every two seconds", async () => {
  const { clock, timer, gaps } = open();
  await clock.advance(7_000);
  expect(gaps).toEqual([2_000, 4_000, 6_000]);
  timer.close();
  expect(clock.pending).toBe(0);
});

test("one that is heard of in time has none", async () => {
  const { clock, timer, gaps, aliveAt } = open();
  for (let ms = 0; ms <= 20_000; ms += 1_900) {
    aliveAt(ms);
    await clock.advance(1_900);
  }
  expect(gaps).toEqual([]);
  timer.close();
});

test("one that goes silent has a gap two seconds after it was last heard of, then every two, and one when it is back", async () => {
  const { clock, timer, gaps, aliveAt } = open();
  aliveAt(700);
  await clock.advance(5_500);
  timer.tell();
  aliveAt(5_500);
  await clock.advance(1_999);
  expect(gaps).toEqual([2_700, 4_700, 5_500]);
  await clock.advance(1);
  expect(gaps.at(-1)).toBe(7_500);
  timer.close();
});

test("an outage of half a second costs the gap at its end, and no other", async () => {
  const { clock, timer, gaps, aliveAt } = open();
  aliveAt(1_000);
  await clock.advance(1_500);
  timer.tell();
  for (let ms = 1_500; ms < 6_000; ms += 500) {
    aliveAt(ms);
    await clock.advance(500);
  }
  expect(gaps).toEqual([1_500]);
  timer.close();
});

test("one whose answer lies unread when the two seconds are over, since the process was held up, has none", async () => {
  const { clock, timer, gaps, aliveAt } = open();
  // Timers that are due come before what has come over the wire.
  clock.after(2_000, () => aliveAt(1_500));
  await clock.advance(3_499);
  expect(gaps).toEqual([]);
  await clock.advance(1);
  expect(gaps).toEqual([3_500]);
  timer.close();
});
