import { type BusMessage, type CacheBus, isCacheError } from "@granary/core";
import { check, checkEqual } from "./check.js";
import type { ContractCase } from "./contract.js";
import { keyTable } from "./key-table.js";
import { keyOf } from "./open-store.js";
import { type RecordingListener, recordingListener } from "./recording-listener.js";

/** Three nodes of one bus. */
export interface OpenBus {
  readonly a: CacheBus;
  readonly b: CacheBus;
  readonly c: CacheBus;
}

/** One thing that must hold of every bus. */
export type BusCase = ContractCase<OpenBus>;

/** Sent last: a node that has heard it has, but for a bus that changes the order, heard what was sent before. */
const LAST: BusMessage = { type: "changed", keys: [keyOf("last")] };

const INVALIDATED = { type: "invalidated", scope: keyOf("scope") } as const;

export const busCases: readonly BusCase[] = [
  {
    name: "it has a name",
    async run({ a }) {
      check(typeof a.name === "string" && a.name !== "", "The bus's `name` is not a text.");
    },
  },
  {
    name: "a gap is told when a subscription begins",
    async run({ a }) {
      await listening(a);
    },
  },
  {
    name: "a gap is told to a subscription that begins anew",
    async run({ a }) {
      const { stop } = await listening(a);
      stop();
      await listening(a);
    },
  },
  {
    name: "a message reaches every other node",
    run: (nodes) => checkTravels(nodes, { type: "changed", keys: [keyOf("1"), keyOf("2")] }),
  },
  {
    name: "odd keys arrive as they were",
    run: (nodes) => checkTravels(nodes, { type: "changed", keys: keyTable.map(keyOf) }),
  },
  {
    name: "a message of five thousand keys arrives whole",
    run: (nodes) =>
      checkTravels(nodes, { type: "changed", keys: Array.from({ length: 5_000 }, (_, n) => keyOf(`${n}`)) }),
  },
  {
    name: "an invalidation of tags arrives with its namespace, its tags and its generation",
    run: (nodes) =>
      checkTravels(nodes, { ...INVALIDATED, tags: keyTable, epoch: "e1", sequence: 1_800_000_000_000_001 }),
  },
  {
    name: "an invalidation of a namespace arrives without tags",
    run: (nodes) => checkTravels(nodes, { ...INVALIDATED, epoch: "e1", sequence: 2 ** 53 - 1 }),
  },
  {
    name: "a message of no keys does no harm",
    async run({ a, b }) {
      const { heard } = await listening(b);
      await a.publish({ type: "changed", keys: [] });
      await a.publish({ ...INVALIDATED, tags: [], epoch: "e1", sequence: 1 });
      await a.publish(LAST);
      await heard.until(hasHeard(LAST));
      checkEqual(heard.errors, [], "errors told to a listener");
    },
  },
  {
    name: "a message does not come back to its sender",
    async run({ a, b }) {
      const [own, other] = [await listening(a), await listening(b)];
      const message: BusMessage = { type: "changed", keys: [keyOf("own")] };
      await a.publish(message);
      await other.heard.until(hasHeard(message));
      await b.publish(LAST);
      await own.heard.until(hasHeard(LAST));
      check(!hasHeard(message)(own.heard), "A node heard what it had published itself.");
    },
  },
  {
    name: "messages of several nodes at once all arrive",
    async run({ a, b, c }) {
      const { heard } = await listening(c);
      const messageOf = (n: number): BusMessage => ({ type: "changed", keys: [keyOf(`m-${n}`)] });
      const numbers = Array.from({ length: 50 }, (_, n) => n);
      await Promise.all(numbers.map((n) => (n % 2 === 0 ? a : b).publish(messageOf(n))));
      await heard.until((now) => numbers.every((n) => hasHeard(messageOf(n))(now)));
    },
  },
  {
    name: "publishing while nobody listens is fine",
    async run({ a }) {
      await a.publish({ type: "changed", keys: [keyOf("unheard")] });
    },
  },
  {
    name: "a listener that was stopped hears nothing, and others go on",
    async run({ a, b, c }) {
      const [stopped, staying, elsewhere] = [await listening(b), await listening(b), await listening(c)];
      stopped.stop();
      const message: BusMessage = { type: "changed", keys: [keyOf("after")] };
      await a.publish(message);
      await Promise.all([staying, elsewhere].map(({ heard }) => heard.until(hasHeard(message))));
      checkEqual(stopped.heard.messages, [], "messages to a stopped listener");
    },
  },
  {
    name: "stopping a listener twice is fine",
    async run({ a, b }) {
      const [twice, staying] = [await listening(b), await listening(b)];
      twice.stop();
      twice.stop();
      await a.publish(LAST);
      await staying.heard.until(hasHeard(LAST));
    },
  },
  {
    name: "a node that listens again hears again",
    async run({ a, b }) {
      (await listening(b)).stop();
      const { heard } = await listening(b);
      await a.publish(LAST);
      await heard.until(hasHeard(LAST));
    },
  },
  {
    name: "a closed node hears nothing, and the others go on",
    async run({ a, b, c }) {
      const [closed, staying] = [await listening(b), await listening(c)];
      await b.close?.();
      const before = closed.heard.messages.length;
      await a.publish(LAST);
      await staying.heard.until(hasHeard(LAST));
      checkEqual(closed.heard.messages.length, before, "messages to a closed node");
    },
  },
  {
    name: "a closed node says so to whoever publishes or listens",
    async run({ a }) {
      if (a.close === undefined) return;
      await a.close?.();
      const publish = async (): Promise<void> => a.publish(LAST);
      const subscribe = async (): Promise<unknown> => a.subscribe(recordingListener());
      for (const call of [publish, subscribe]) {
        const error: unknown = await call().then(
          () => undefined,
          (reason: unknown) => reason,
        );
        check(isCacheError(error, "CLOSED"), "A bus that was closed does not say `CLOSED`.");
      }
    },
  },
  {
    name: "close may be called twice, at once, and before anything was said",
    async run({ a, b }) {
      await listening(a);
      await Promise.all([a.close?.(), a.close?.()]);
      await a.close?.();
      await b.close?.();
      await b.close?.();
    },
  },
];

/** A listener on `bus`, once its subscription has begun. */
async function listening(bus: CacheBus): Promise<{ heard: RecordingListener; stop: () => void }> {
  const heard = recordingListener();
  const stop = bus.subscribe(heard);
  await heard.until(({ gaps }) => gaps > 0);
  return { heard, stop: () => void stop() };
}

/** Whether all that the message says was heard: a bus may cut messages in pieces, and join pieces. */
function hasHeard(message: BusMessage): (heard: RecordingListener) => boolean {
  const wanted = [...partsOf([message])];
  return ({ messages }) => {
    const heard = partsOf(messages);
    return wanted.every((part) => heard.has(part));
  };
}

/** Sends `message` from one node and waits until the others have heard as much: nothing missing, nothing invented. */
async function checkTravels({ a, b, c }: OpenBus, message: BusMessage): Promise<void> {
  const others = [await listening(b), await listening(c)];
  await a.publish(message);
  const expected = partsOf([message]);
  for (const { heard } of others) {
    await heard.until(({ messages }) => partsOf(messages).size >= expected.size);
    checkEqual([...partsOf(heard.messages)].sort(), [...expected].sort(), "what another node heard");
  }
}

/** The keys and invalidations that messages tell of, one by one. */
function partsOf(messages: readonly BusMessage[]): Set<string> {
  return new Set(messages.flatMap(textsOf));
}

function textsOf(message: BusMessage): readonly string[] {
  if (message.type === "changed") return message.keys.map((key) => `changed ${key}`);
  if (message.type === "gap") return ["gap"];
  const { scope, tags = ["all"], epoch, sequence } = message;
  return tags.map((tag) => JSON.stringify([scope, epoch, sequence, tag]));
}
