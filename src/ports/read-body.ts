/**
 * Reads the body of a request from the platform's own request object, `platformRequest`. Null: it has no body to read
 * in that way, and the web stream of the Request serves.
 */
export type ReadBody = (platformRequest: unknown, maxBytes: number) => BodyReading | null;

export interface BodyReading {
  /** The whole body; null as soon as there are more than `maxBytes`. Rejects when the body was cut off or cancelled. */
  readonly bytes: Promise<Uint8Array | null>;
  /** Reads no more. */
  cancel(): void;
}
