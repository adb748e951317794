/**
 * A value that shows itself only when asked by name. String conversion, JSON, `util.inspect` and
 * structured logging all print `[redacted]`. `reveal` is called in two files of the core: upstream/request, to send
 * it, and upstream/api-keys, to look for it in what comes back; a test holds that.
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
