import type { BusListener, BusMessage } from "@granary/core";

/** A listener that keeps what it hears, and lets a test wait for it. */
export interface RecordingListener extends BusListener {
  readonly messages: readonly BusMessage[];
  readonly errors: readonly unknown[];
  readonly gaps: number;
  /** Resolves as soon as `holds` does, looking again at each thing heard. The test's own time-out ends the wait. */
  until(holds: (heard: RecordingListener) => boolean): Promise<void>;
}

/** A listener that has heard nothing yet. */
export function recordingListener(): RecordingListener {
  const [messages, errors]: [BusMessage[], unknown[]] = [[], []];
  const waiting = new Set<() => void>();
  let gaps = 0;
  const look = () => {
    for (const wake of [...waiting]) wake();
  };
  const listener: RecordingListener = {
    messages,
    errors,
    get gaps() {
      return gaps;
    },
    message: (message) => {
      messages.push(message);
      look();
    },
    gap: () => {
      gaps += 1;
      look();
    },
    error: (error) => {
      errors.push(error);
      look();
    },
    until: (holds) =>
      new Promise((resolve) => {
        const wake = () => {
          if (holds(listener) && waiting.delete(wake)) resolve();
        };
        waiting.add(wake);
        wake();
      }),
  };
  return listener;
}
