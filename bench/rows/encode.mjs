import superjson from "superjson";
import { faceOf } from "../harness/cannot.mjs";
import { timing } from "../harness/timing.mjs";
import { valueOf } from "../harness/workload.mjs";

const VALUES = 1_000;

export const row = {
  title: "Values to bytes and back",
  about:
    "Plain data, and data with dates, a map, a set and a bigint. Granary writes the same bytes as superjson. " +
    "The floor is JSON; for the rich values it is JSON of what superjson makes of them.",
  floor: "by-hand",
  subjects: ["by-hand", "granary", "superjson"],
  goals: { "encode, plain": [1.7, 1.35], "encode, rich": [4, 3], "decode, plain": [1.2, 1.1] },
  plot: ["encode, plain", "encode, rich", "decode, plain", "decode, rich"],
};

const richOf = (at) => ({
  ...valueOf(at),
  made: new Date(1_700_000_000_000 + at),
  prices: new Map([
    ["eur", at],
    ["usd", at + 1],
  ]),
  labels: new Set(["new", `batch ${at}`]),
  cents: BigInt(at) * 1_000_000n,
});

export async function open(subject, context) {
  const { encode, decode } = await faceOf(subject, { setup: "serializer" });
  const columns = {};
  for (const [kind, of] of Object.entries({ plain: valueOf, rich: richOf })) {
    const values = Array.from({ length: VALUES }, (_, at) => of(at));
    const written = subject.name === "by-hand" ? values.map((value) => superjson.serialize(value).json) : values;
    const texts = written.map(encode);
    verify({ subject, values, texts, decode });
    columns[`encode, ${kind}`] = each(written, encode, texts);
    columns[`decode, ${kind}`] = each(texts, decode);
  }
  return timing(columns, context);
}

/** The bytes are superjson's, and the values come back equal. */
function verify({ subject, values, texts, decode }) {
  if (subject.name === "by-hand") return;
  for (const [at, value] of values.entries()) {
    const expected = superjson.stringify(value);
    if (String(texts[at]) !== expected) throw new Error(`${texts[at]} is not ${expected}.`);
    if (superjson.stringify(decode(texts[at])) !== expected) throw new Error(`${expected} came back different.`);
  }
}

function each(inputs, work, outputs) {
  let next = 0;
  return async (count) => {
    let last;
    for (let done = 0; done < count; done += 1) {
      next = (next + 1) % inputs.length;
      last = work(inputs[next]);
    }
    if (last === undefined || (outputs !== undefined && last !== outputs[next])) throw new Error("Nothing came out.");
  };
}
