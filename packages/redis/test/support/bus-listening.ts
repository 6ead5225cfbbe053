import type { BusListener, BusMessage, CacheBus } from "@granary/core";
import { vi } from "vitest";

/** All that a bus said to one listener. */
export interface Heard {
  readonly messages: BusMessage[];
  readonly errors: unknown[];
  readonly gaps: number;
  stop(): void;
}

export function listen(bus: CacheBus): Heard {
  const heard = { messages: [] as BusMessage[], errors: [] as unknown[], gaps: 0, stop: () => {} };
  const listener: BusListener = {
    message: (message) => heard.messages.push(message),
    gap: () => {
      heard.gaps += 1;
    },
    error: (error) => heard.errors.push(error),
  };
  const stop = bus.subscribe(listener);
  heard.stop = () => void stop();
  return heard;
}

/** Resolves once `condition` holds; rejects after a minute. */
export function until(condition: () => unknown): Promise<void> {
  return vi.waitFor(
    () => {
      if (condition() !== true) throw new Error(`Never came true: ${condition}`);
    },
    { timeout: 60_000, interval: 5 },
  );
}

/** Says `message` until it is heard: what is said while a bus moves to another connection is lost. */
export async function sayUntil(isHeard: () => boolean, bus: CacheBus | undefined, message: BusMessage): Promise<void> {
  const said: unknown[] = [];
  await until(() => {
    said.push(bus?.publish(message));
    return isHeard();
  });
  // A client that is closed before it was answered rejects.
  await Promise.all(said);
}
