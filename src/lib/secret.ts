/**
 * A value that shows itself only when asked by name. String conversion, JSON, `util.inspect` and
 * structured logging all print `[redacted]`. `reveal` is called in one file of the core
 * (upstream/request) and by the response guard's needles; a test holds that.
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
