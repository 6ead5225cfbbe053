const ADVICE: ReadonlyMap<string, string> = new Map([
  ["Blob", "a Blob; store its bytes, new Uint8Array(await blob.arrayBuffer()), and its type"],
  ["Promise", "a Promise; await it first"],
]);

/** What to say of an object that superjson does not carry: what it is, and what to write instead. */
export function describe(value: object): string {
  if (typeof value === "function") return "a function, which cannot be stored; store plain data";
  const name = classNameOf(value);
  if (name === undefined) return "an object with a prototype of its own, which superjson would lose; store plain data";
  return (
    ADVICE.get(name) ??
    `an instance of ${name}, which superjson would not bring back as one; register the class on a SuperJSON instance ` +
      "and pass that to createSuperjsonSerializer({ instance }), or store plain data"
  );
}

function classNameOf(value: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  const constructor: unknown = prototype === null ? undefined : (prototype as { constructor?: unknown }).constructor;
  return typeof constructor === "function" && constructor.name !== "" ? constructor.name : undefined;
}
