import { memoryStore } from "@granary/memory";
import { expect, onTestFinished, test } from "vitest";
import { main, type Place } from "../wrapped-function.js";

const berlin: Place = { name: "Berlin", lat: 52.52, lon: 13.4 };
const paris: Place = { name: "Paris", lat: 48.86, lon: 2.35 };

test("a wrapped function runs once for the same arguments, in any order of their properties", async () => {
  const { journeys, planner } = openJourneys();
  expect(await journeys.distance(berlin, paris)).toBe(1054);
  expect(await journeys.distance({ lon: 13.4, lat: 52.52, name: "Berlin" }, paris)).toBe(1054);
  expect(planner.runs).toBe(1);
  await journeys.distance(paris, berlin);
  expect(planner.runs).toBe(2);
});

test("with an id of one's own only what the id names counts", async () => {
  const { journeys, planner } = openJourneys();
  await journeys.distanceByName(berlin, paris);
  await journeys.distanceByName({ ...berlin, lat: 52.5 }, paris);
  expect(planner.runs).toBe(1);
});

test("what a wrapped function found is deleted by its id and arguments", async () => {
  const { journeys, planner } = openJourneys();
  await journeys.distance(berlin, paris);
  expect(await journeys.forget(berlin, paris)).toBe(true);
  await journeys.distance(berlin, paris);
  expect(planner.runs).toBe(2);
});

test("a cached method runs once for the same arguments, on its own instance", async () => {
  const { journeys } = openJourneys();
  expect([await journeys.fares.fare(100), await journeys.fares.fare(100)]).toEqual([30, 30]);
  expect(journeys.fares).toMatchObject({ computed: 1 });
});

function openJourneys() {
  const planner = { runs: 0 };
  const journeys = main(memoryStore(), async () => {
    planner.runs += 1;
    return 1054;
  });
  onTestFinished(() => journeys.close());
  return { journeys, planner };
}
