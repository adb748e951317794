/** The closed list of the events that tell the story of one request (invite/story), for the published contract, too. */
export const STORY_EVENTS = [
  'asked',
  'policy_decided',
  'values_forced',
  'admitted',
  'denied',
  'galileo_asked',
  'accepted',
  'refused',
  'not_sent',
  'became_unknown',
  'users_looked_up',
  'settled',
  'replayed',
  'previewed',
  'unreadable',
] as const;
