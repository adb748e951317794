/** What a colour says of a state; a word beside it says the same. */
export type Tone = 'good' | 'warning' | 'bad' | 'info' | 'plain';
