/** Names of Galileo groups that the policy itself does not give, as Galileo gave them last. Types only. */
export interface GroupNames {
  readonly state: GroupNamesState;
  /** By lower-case id; null: a name that is not fit to be shown. Another object whenever a name has changed. */
  readonly names: ReadonlyMap<string, string | null>;
}

/**
 * `looked_up`: what Galileo has. `outdated`: what it had; it gave no answer since. `incomplete`: Galileo has more groups
 * than are read. `unavailable`: it has given no answer yet, or none for a day.
 */
export const GROUP_NAMES_STATES = ['looked_up', 'outdated', 'incomplete', 'unavailable'] as const;
export type GroupNamesState = (typeof GROUP_NAMES_STATES)[number];
