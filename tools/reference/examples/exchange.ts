/** One example of the reference: a request and the answer to it. */
export interface Exchange {
  readonly operationId: string;
  /** For a refusal its code. */
  readonly name: string;
  /** For people, in one line. */
  readonly summary: string;
  readonly request: {
    readonly method: string;
    /** With its query. */
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    /** JSON. Left out: no body. */
    readonly body?: unknown;
    /** In words: what the request has that no example can show. */
    readonly also?: string;
  };
  /** Left out: the contract has no example of it. */
  readonly answer?: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    /** JSON, or the list of the lines of NDJSON. Left out: no body. */
    readonly body?: unknown;
  };
}

/** The value of a field, whatever the case of its name; undefined when it is absent. */
export function fieldOf(headers: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.entries(headers).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}

export function isRefusal({ answer }: Exchange): boolean {
  return answer !== undefined && answer.status >= 400;
}
