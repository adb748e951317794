/** Random numbers, injected so that tests can choose them. For jitter, never for secrets. */
export interface Random {
  /** At least 0, below 1. */
  next(): number;
}
