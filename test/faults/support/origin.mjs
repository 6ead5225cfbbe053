import { connect } from "node:net";
import { onMessage, tell } from "./json-lines.mjs";

/** A node's end of the origin, which is a process of its own. */
export function openOrigin(port, node) {
  const socket = connect(port, "127.0.0.1").setNoDelay();
  const waiting = new Map();
  let questions = 0;
  let isClosed = false;
  onMessage(socket, ({ question, version, error }) => {
    const { resolve, reject } = waiting.get(question);
    waiting.delete(question);
    if (error === undefined) resolve(version);
    else reject(new Error(error));
  });
  const ask = (verb, key) =>
    new Promise((resolve, reject) => {
      // Calls that are under way when a node is closed may come to their loads, and to their notes, after that.
      if (isClosed) throw new Error("The origin is closed.");
      questions += 1;
      waiting.set(questions, { resolve, reject });
      tell(socket, { verb, question: questions, node, key });
    });
  return {
    /** The version that the origin holds of a key, after as long as a load takes. */
    read: (key) => ask("read", key),
    /** Makes it one more, and resolves to that. */
    write: (key) => ask("write", key),
    /** Hands the observer what was seen, or done. */
    note(message) {
      if (!isClosed) tell(socket, { ...message, node });
    },
    close() {
      isClosed = true;
      return new Promise((resolve) => socket.end(resolve));
    },
  };
}
