/**
 * A secret value that only `reveal` returns. String conversion, JSON, `util.inspect` and structured logging all print
 * `[redacted]`. Three files call `reveal`: upstream/request and platform/node/http-client/tunnel, to send the value, and
 * upstream/api-keys, to search for it in responses. A test checks that no other file does.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[redacted]';
  }

  toJSON(): string {
    return '[redacted]';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[redacted]';
  }
}
