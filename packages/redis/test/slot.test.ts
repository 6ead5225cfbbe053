import { expect, test } from "vitest";
import { slotOf } from "../src/slot.js";

test("the check value of the algorithm is the specification's", () => {
  expect(slotOf("123456789")).toBe(0x31c3);
  expect(slotOf("")).toBe(0);
});

test("only what stands between the first braces counts, unless it is nothing", () => {
  expect(slotOf("a{tag}b")).toBe(slotOf("tag"));
  expect(slotOf("{tag}{other}")).toBe(slotOf("tag"));
  expect(slotOf("foo{{bar}}zap")).toBe(slotOf("{bar"));
  expect(slotOf("foo{}{bar}")).not.toBe(slotOf("bar"));
  expect(slotOf("foo{bar")).not.toBe(slotOf("bar"));
});
