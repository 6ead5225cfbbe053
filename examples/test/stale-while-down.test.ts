import { memoryStore } from "@granary/memory";
import { manualClock } from "@granary/testkit";
import { expect, onTestFinished, test } from "vitest";
import { main } from "../stale-while-down.js";

const MINUTE = 60_000;

test("while the source is down the old rate is served, and the source is asked once in ten seconds", async () => {
  const { clock, rates, source } = openRates();
  expect(await rates.rateOf("EUR")).toBe(1.09);
  source.state = "down";
  await clock.advance(MINUTE);

  for (const asked of [2, 3, 4]) {
    // Twenty callers, half a second apart.
    for (let call = 0; call < 20; call += 1) {
      expect(await rates.rateOf("EUR")).toBe(1.09);
      expect(source.asked).toBe(asked);
      await clock.advance(500);
    }
  }
});

test("once the source is back its new rate is served", async () => {
  const { clock, rates, source } = openRates();
  await rates.rateOf("EUR");
  source.state = "down";
  await clock.advance(MINUTE);
  expect(await rates.rateOf("EUR")).toBe(1.09);
  source.state = "up";
  source.rate = 1.1;
  await clock.advance(10_000);
  expect(await rates.rateOf("EUR")).toBe(1.1);
  expect(rates.fallbacks).toBe(1);
});

test("a source that is slow is waited for 200 ms, and its rate is kept when it comes", async () => {
  const { clock, rates, source } = openRates();
  await rates.rateOf("EUR");
  source.state = "slow";
  source.rate = 1.1;
  await clock.advance(MINUTE);
  const asked = rates.rateOf("EUR");
  await clock.advance(200);
  expect(await asked).toBe(1.09);
  await clock.advance(800);
  expect(await rates.rateOf("EUR")).toBe(1.1);
  expect(source.asked).toBe(2);
});

test("after six hours the source's own error is what a caller gets", async () => {
  const { clock, rates, source } = openRates();
  await rates.rateOf("EUR");
  source.state = "down";
  await clock.advance(MINUTE + 6 * 60 * MINUTE);
  await expect(rates.rateOf("EUR")).rejects.toThrow("the source is down");
});

/** The rates on a clock that stands still, and a source that can be switched. */
function openRates() {
  const clock = manualClock();
  const source = { state: "up" as "up" | "down" | "slow", rate: 1.09, asked: 0 };
  const rates = main(memoryStore({ clock }), async () => {
    source.asked += 1;
    if (source.state === "down") throw new Error("the source is down");
    if (source.state === "slow") await new Promise<void>((resolve) => void clock.after(1_000, resolve));
    return source.rate;
  });
  onTestFinished(() => rates.close());
  return { clock, rates, source };
}
