const FENCE = "granary:fence:";

/**
 * A bus that hears of writes, for those who want to say something on it: what is published becomes the invalidation of a
 * namespace of its own, which is told behind all that was written before, and is heard as what was published.
 */
export function fencedBus(store, bus) {
  return {
    ...bus,
    publish: ({ keys: [text] }) => store.invalidate({ scope: `${FENCE}${Buffer.from(text).toString("hex")}` }),
    subscribe: (listener) => bus.subscribe({ ...listener, message: (message) => listener.message(unfenced(message)) }),
  };
}

function unfenced(message) {
  if (message.scope?.startsWith(FENCE) !== true) return message;
  return { type: "changed", keys: [Buffer.from(message.scope.slice(FENCE.length), "hex").toString()] };
}
