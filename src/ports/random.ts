/** Chance, injected so that tests can choose it: for jitter, never for secrets. */
export interface Random {
  /** At least 0, below 1. */
  next(): number;
}
