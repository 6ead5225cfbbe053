import { type KeyvLike, keyvStore } from "@granary/keyv";
import { Keyv } from "keyv";
import type { Keyv as Keyv6 } from "keyv-6";
import { expect, expectTypeOf, test } from "vitest";

test("a Keyv of version 5 and one of version 6 both fit", () => {
  expectTypeOf<Keyv>().toExtend<KeyvLike>();
  expectTypeOf<Keyv<string>>().toExtend<KeyvLike>();
  expectTypeOf<Keyv6>().toExtend<KeyvLike>();
  expect(keyvStore(new Keyv()).name).toBe("keyv");
});
