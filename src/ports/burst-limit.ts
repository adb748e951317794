/** Whether one more request from this address may be looked at now. Left out where nothing counts them. */
export interface BurstLimit {
  /** `address` is null where the platform does not tell it. Never rejects. */
  allows(address: string | null): Promise<boolean>;
}
