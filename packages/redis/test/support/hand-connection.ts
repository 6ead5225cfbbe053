import type { RedisConnection } from "../../src/redis-client.js";

/** A connection that does what a test tells it. It answers everything at once until it is made silent. */
export interface HandConnection extends RedisConnection {
  isSilent: boolean;
  isDisconnected: boolean;
  readonly asked: string[];
  emit(event: "error" | "end", error?: Error): void;
  /** Answers what was asked while it was silent. */
  answer(): void;
}

export function handConnection(): HandConnection {
  const listeners = new Map<string, ((...heard: unknown[]) => void)[]>();
  const waiting: (() => void)[] = [];
  const ask = (what: string): Promise<unknown> => {
    connection.asked.push(what);
    return new Promise((resolve) => {
      if (connection.isSilent) waiting.push(() => resolve("late"));
      else resolve("at once");
    });
  };
  const on = (event: string, listener: (...heard: never[]) => void): void => {
    listeners.set(event, [...(listeners.get(event) ?? []), listener as (...heard: unknown[]) => void]);
  };
  const connection: HandConnection = {
    isSilent: false,
    isDisconnected: false,
    asked: [],
    on,
    unsubscribe: async () => undefined,
    subscribe: () => ask("subscribe"),
    ping: () => ask("ping"),
    callBuffer: (command) => ask(command),
    emit: (event, error) => {
      for (const listener of listeners.get(event) ?? []) listener(error);
    },
    answer: () => {
      for (const answer of waiting.splice(0)) answer();
    },
    disconnect: () => {
      connection.isDisconnected = true;
      queueMicrotask(() => connection.emit("end"));
    },
  };
  return connection;
}
