import { manualClock } from "@granary/testkit";
import { describe, expect, test } from "vitest";
import { Patience } from "../src/patience.js";

/** A server whose clock is known to be somewhat ahead of this one, so far as it is known at all. */
function open() {
  const clock = manualClock(1_000);
  const server = { isKnown: true, latest: () => clock.now() + 0.5 };
  return { clock, server, patience: new Patience(server, clock) };
}

describe("what is sent to the server now", () => {
  test("has no limit where nobody gives it up", () => {
    const { patience } = open();
    expect(patience.limitOf(1).until).toBe("");
    patience.giveUpAfter(Number.POSITIVE_INFINITY);
    expect(patience.limitOf(1).until).toBe("");
  });

  test("has none either while the clock of the server is not known", () => {
    const { patience, server } = open();
    patience.giveUpAfter(250);
    server.isKnown = false;
    expect(patience.limitOf(1).until).toBe("");
  });

  test("may be done until the one who waits longest gives it up, by the latest that it may be there", () => {
    const { clock, patience } = open();
    patience.giveUpAfter(250);
    expect(patience.limitOf(1).until).toBe(1_251);
    patience.giveUpAfter(1_000);
    patience.giveUpAfter(500);
    expect(patience.limitOf(1).until).toBe(2_001);
    clock.set(5_000);
    expect(patience.limitOf(1).until).toBe(6_001);
  });

  test.each([
    [1, 251],
    [1_000, 251],
    [1_001, 501],
    [2_500, 751],
  ])("with %i at once, has as many times as long as there are thousands", (count, ms) => {
    const { patience } = open();
    patience.giveUpAfter(250);
    expect(patience.limitOf(count).until).toBe(1_000 + ms);
  });
});

describe("what the server has refused as late", () => {
  test("is asked again by its clock while there is time", async () => {
    const { clock, patience } = open();
    patience.giveUpAfter(250);
    const limit = patience.limitOf(1);
    await clock.advance(249);
    expect(patience.again(limit, 9_000.25)).toEqual({ ...limit, until: 9_251 });
  });

  test("was late once the time is over", async () => {
    const { clock, patience } = open();
    patience.giveUpAfter(250);
    const limit = patience.limitOf(1);
    await clock.advance(250);
    expect(patience.again(limit, 9_000)).toBeUndefined();
  });
});
