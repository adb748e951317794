/** A rate limit by client address. The port is optional: without it requests are not limited. */
export interface BurstLimit {
  /** Whether one more request from `address` is allowed now. Null: the platform does not know it. Never rejects. */
  allows(address: string | null): Promise<boolean>;
}
