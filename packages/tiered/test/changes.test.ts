import { expect, test } from "vitest";
import { Changes } from "../src/changes.js";

const SCOPE = "granary:v1:ns";

test("a namespace that stands for a key is remembered for as long as its own invalidation is", () => {
  const changes = new Changes(() => {});
  changes.add(`${SCOPE}:early`, 5);
  changes.addInvalidation({ scope: SCOPE }, 100);
  for (let at = 0; at < 10_000; at += 1) changes.add(`granary:v1:other:${at}`, 100);
  expect(changes.has(`${SCOPE}:early`)).toBe(false);
  changes.forgetBefore(50);
  expect(changes.covers(`${SCOPE}:k`, undefined)).toBe(true);
  changes.forgetBefore(101);
  expect(changes.size).toBe(0);
});

test("what was invalidated is listed once between two changes of it", () => {
  const changes = new Changes(() => {});
  changes.addInvalidation({ scope: SCOPE, tags: ["a", "b"] }, 1);
  const both = changes.invalidations;
  expect(both).toEqual([{ scope: SCOPE, tags: ["a", "b"] }]);
  changes.add(`${SCOPE}:k`, 2);
  expect(changes.invalidations).toBe(both);
  changes.deleteInvalidation({ scope: SCOPE, tags: ["a"] }, changes.version);
  expect(changes.invalidations).toEqual([{ scope: SCOPE, tags: ["b"] }]);
  changes.addInvalidation({ scope: SCOPE }, 3);
  expect(changes.invalidations).toEqual([{ scope: SCOPE }, { scope: SCOPE, tags: ["b"] }]);
  changes.forgetBefore(4);
  expect(changes.invalidations).toEqual([]);
});
