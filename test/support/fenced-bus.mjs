/**
 * A bus that hears of writes, for those who want to say something on it: what is published becomes a mark, which is
 * told behind all that was written before, and is heard as what was published.
 */
export function fencedBus(client, bus) {
  return {
    ...bus,
    publish: ({ keys: [text] }) => client.set(`granary:mark:{granary:fence:}:${text}`, "1"),
    subscribe: (listener) =>
      bus.subscribe({
        ...listener,
        message: (message) =>
          listener.message(message.scope === "granary:fence:" ? { type: "changed", keys: message.tags } : message),
      }),
  };
}
