/** One end of the messages between two processes: a `ChildProcess`, or `process` in the child. */
export interface LineEnd {
  send?(message: object, done: (error: Error | null) => void): boolean;
  on(event: "message", listener: (message: unknown) => void): unknown;
}

type Input<Methods, Name extends keyof Methods> = Methods[Name] extends (...inputs: infer Inputs) => unknown
  ? Inputs
  : never;
type Output<Methods, Name extends keyof Methods> = Methods[Name] extends (...inputs: never) => infer Result
  ? Awaited<Result>
  : never;

type Message =
  | { readonly type: "ask"; readonly call: number; readonly method: string; readonly inputs: readonly unknown[] }
  | { readonly type: "answer"; readonly call: number; readonly output: unknown }
  | { readonly type: "failure"; readonly call: number; readonly reason: string };

interface Pending {
  resolve(output: unknown): void;
  reject(error: Error): void;
}

/** Calls between two processes: each asks the other for methods, and answers those it has itself. */
export class Line<Far extends object> {
  readonly #end: LineEnd;
  readonly #pending = new Map<number, Pending>();
  #calls = 0;

  constructor(end: LineEnd, own: object) {
    this.#end = end;
    end.on("message", (message) => void this.#hear(message as Message, own));
  }

  /** Calls a method of the other side. Rejects with what it throws, or where the other side is gone. */
  call<Name extends keyof Far & string>(method: Name, ...inputs: Input<Far, Name>): Promise<Output<Far, Name>> {
    this.#calls += 1;
    const call = this.#calls;
    return new Promise((resolve, reject) => {
      this.#pending.set(call, { resolve: (output) => resolve(output as Output<Far, Name>), reject });
      this.#send({ type: "ask", call, method, inputs }, (error) => {
        this.#pending.delete(call);
        reject(error);
      });
    });
  }

  /** The other side is gone: nothing will be answered any more. */
  cut(reason: string): void {
    for (const { reject } of this.#pending.values()) reject(new Error(reason));
    this.#pending.clear();
  }

  async #hear(message: Message, own: object): Promise<void> {
    if (message.type === "ask") return this.#answer(message, own);
    const pending = this.#pending.get(message.call);
    this.#pending.delete(message.call);
    if (message.type === "answer") pending?.resolve(message.output);
    else pending?.reject(new Error(message.reason));
  }

  async #answer({ call, method, inputs }: Message & { readonly type: "ask" }, own: object): Promise<void> {
    try {
      const run = Reflect.get(own, method) as (...given: unknown[]) => unknown;
      this.#send({ type: "answer", call, output: await run.call(own, ...inputs) });
    } catch (error) {
      this.#send({ type: "failure", call, reason: String(error) });
    }
  }

  /** What cannot be sent any more is an `error` event that ends the process, unless somebody is called back. */
  #send(message: Message, failed: (error: Error) => void = () => {}): void {
    this.#end.send?.(message, (error) => error !== null && failed(error));
  }
}
