import type { HttpAnswer } from '../delivery/post-batch.ts';
import type { Entry } from '../delivery/entry.ts';
import type { SinkFailure } from '../delivery/sink.ts';

/**
 * What the http sink has to know of one kind of intake: the type of a row of intakes.ts. A row is pure knowledge from the
 * vendor's pages, which its file cites. It sends nothing, keeps nothing, and never changes a line: every frame holds the
 * delivered line verbatim, so that what the intake stored can be verified.
 */
export interface Intake {
  /** As people call it, for problems and reports. */
  readonly title: string;
  readonly contentType: string;
  readonly isGzipTaken: boolean;
  /** Whether CloudEvents header fields describe the batch. */
  readonly hasCloudEvents?: true;
  /** The field that carries the token, and what stands before the token in it. */
  readonly credentials: { readonly field: string; readonly scheme: string };
  /** Without credentials it takes nothing, so a configuration without them is refused. */
  readonly needsCredentials: boolean;
  readonly limits: IntakeLimits;
  /** Bytes of the longest line that it stores whole: it cuts a longer one and answers 2xx. Absent: any that fits. */
  mostLineBytes?(url: URL): number;
  /** One entry within a body. `nowMs` is the time of sending. */
  frame(entry: Entry, nowMs: number): string;
  join(frames: readonly string[]): string;
  /** The address of a request: the configured one, with what the row adds to it. */
  target?(url: string): string;
  /**
   * Reads a complete 2xx answer. Returns the entries that it refuses by name. Throws a SinkError when the batch was not
   * taken, or not wholly.
   */
  read(answer: HttpAnswer, entries: readonly Entry[]): readonly Entry[];
  /** The failure that any other answer reports. Null: what its status says (post-batch). */
  failure(answer: HttpAnswer): SinkFailure | null;
  /** What is wrong with the address, as the second half of a sentence; null when it can be one of this intake. */
  urlProblem(url: URL): string | null;
  /** Whether the address can only be one of this intake, so that another row must be a mistake. */
  owns(url: URL): boolean;
  readonly probe: IntakeProbe;
}

/** Bytes are those of UTF-8 before compression. */
export interface IntakeLimits {
  readonly bodyBytes: number;
  readonly entries: number;
  readonly entryBytes: number;
}

/** How doctor asks whether the intake answers, without credentials and without an entry: it stores nothing. */
export interface IntakeProbe {
  address(url: URL): string;
  /** What is wrong, as the second half of a sentence; null when nothing is. */
  problem(answer: HttpAnswer): string | null;
}
