/** The answers that are in the memory of the process because their readers have not taken them. */
export interface AnswersInFlight {
  /** Whether there are so many that no further request should be answered. */
  isFull(): boolean;
}
