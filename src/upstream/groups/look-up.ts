/** What is known of Galileo's groups, as one value that processes can share. Types and the first value only. */
export interface LookUp {
  readonly names: ReadonlyMap<string, string | null>;
  /** False: Galileo has more groups than `names`. */
  readonly isWhole: boolean;
  /** When Galileo gave `names`, milliseconds since the epoch; null: not yet. */
  readonly atMs: number | null;
  /** Look-ups without an answer since then. */
  readonly failures: number;
  /** When the next look-up is due. */
  readonly dueAtMs: number;
  /** The groups of the policy that Galileo did not list last, which have been reported. */
  readonly missing: readonly string[];
}

/** Processes that share look-ups cause one and not one each. */
export interface SharedLookUps {
  /** The latest, due or not; null when there is none. Never rejects. */
  read(): Promise<LookUp | null>;
  /** Never rejects. */
  keep(lookUp: LookUp): Promise<void>;
}

/** Names that are older are not shown. */
export const NAMES_FADE_MS = 24 * 60 * 60_000;

export const NO_LOOK_UP: LookUp = {
  ...{ names: new Map(), isWhole: false, atMs: null },
  ...{ failures: 0, dueAtMs: 0, missing: [] },
};
