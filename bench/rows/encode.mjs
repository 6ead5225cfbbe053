import superjson from "superjson";
import { faceOf } from "../harness/cannot.mjs";
import { timing } from "../harness/timing.mjs";
import { valueOf } from "../harness/workload.mjs";

const VALUES = 1_000;
const SHARED_RECORDS = 4_000;

export const row = {
  title: "Values to bytes and back",
  about:
    "Plain data, and data with dates, a map, a set and a bigint; and 4,000 records that are in a list and in a map. " +
    "Granary writes the same bytes as superjson. The floor is JSON; for all but plain values, of what superjson makes of them.",
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

/** Records of which each occurs twice. */
function sharedOf(length) {
  const list = Array.from({ length }, (_, id) => ({ id, name: `user ${id}` }));
  return { list, byId: new Map(list.map((record) => [record.id, record])) };
}

export async function open(subject, context) {
  const { encode, decode } = await faceOf(subject, { setup: "serializer" });
  const columns = {};
  // superjson takes long for shared records.
  const shared = [sharedOf(context.short ? SHARED_RECORDS / 10 : SHARED_RECORDS)];
  const kinds = { plain: valuesOf(valueOf), rich: valuesOf(richOf), shared };
  for (const [kind, values] of Object.entries(kinds)) {
    const written = subject.name === "by-hand" ? values.map((value) => superjson.serialize(value).json) : values;
    const texts = written.map(encode);
    verify({ subject, values, texts, decode });
    columns[`encode, ${kind}`] = each(written, encode, texts);
    columns[`decode, ${kind}`] = each(texts, decode);
  }
  return timing(columns, context);
}

function valuesOf(of) {
  return Array.from({ length: VALUES }, (_, at) => of(at));
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
