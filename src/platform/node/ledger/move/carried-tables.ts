/**
 * The tables that a ledger file and a ledger in PostgreSQL have in common, column by column: what is carried from one to
 * the other, row by row as it is. The others are one row each (head, the salt of sign-ins), or belong to a running
 * service (leases, probe).
 */
export interface CarriedTable {
  readonly name: string;
  readonly columns: Readonly<Record<string, 'number' | 'text'>>;
  /** The primary key: rows are read in its order, which is the same on both sides. */
  readonly key: readonly string[];
}

export const CARRIED_TABLES: readonly CarriedTable[] = [
  {
    name: 'records',
    columns: { seq: 'number', line: 'text', owner: 'number', request_id: 'text' },
    key: ['seq'],
  },
  { name: 'clock_steps', columns: { seq: 'number' }, key: ['seq'] },
  {
    name: 'owners',
    columns: { owner: 'number', issuer: 'text', client_id: 'text', subject: 'text' },
    key: ['owner'],
  },
  {
    name: 'requests',
    columns: {
      owner: 'number',
      request_id: 'text',
      state: 'text',
      admitted_at: 'number',
      expires_at: 'number',
      settled_at: 'number',
      settled_by: 'text',
      decided_seq: 'number',
      outcome_seq: 'number',
      key_scope: 'text',
      look_at: 'number',
      looks: 'number',
      debits: 'text',
      body: 'text',
    },
    // In a file it is the key together with the owner, whose rows lie together there.
    key: ['owner', 'request_id'],
  },
  {
    name: 'further_records',
    columns: { request_id: 'text', is_replay: 'number', seq: 'number' },
    key: ['request_id', 'is_replay', 'seq'],
  },
  {
    name: 'keys',
    columns: { scope: 'text', request_id: 'text', fingerprint: 'text', seq: 'number' },
    key: ['scope'],
  },
  {
    name: 'replies',
    columns: { seq: 'number', scope: 'text', keep_until: 'number', reply: 'text' },
    key: ['seq'],
  },
  {
    name: 'counters',
    columns: {
      window_end: 'number',
      window_ms: 'number',
      quota: 'text',
      unit: 'text',
      counter: 'text',
      used: 'number',
    },
    key: ['window_end', 'window_ms', 'quota', 'unit', 'counter'],
  },
  {
    name: 'suppressions',
    columns: { window_end: 'number', scope: 'text', minute: 'text' },
    key: ['window_end', 'scope'],
  },
  { name: 'reads', columns: { window_end: 'number', scope: 'text', minute: 'text' }, key: ['window_end', 'scope'] },
  {
    name: 'checkpoints',
    columns: { count: 'number', position: 'number', made_at: 'number', line: 'text', stored_at: 'number' },
    key: ['count'],
  },
  { name: 'cursors', columns: { sink: 'text', position: 'number' }, key: ['sink'] },
  {
    name: 'last_changes',
    columns: { subject: 'text', value: 'text', earlier: 'text', changed_at: 'number' },
    key: ['subject'],
  },
  { name: 'policies', columns: { digest: 'text', document: 'text' }, key: ['digest'] },
  { name: 'policy_uses', columns: { digest: 'text', last_seq: 'number' }, key: ['digest'] },
  {
    name: 'sign_in_holds',
    columns: { fingerprint: 'text', claim: 'text', reason: 'text', until_ms: 'number' },
    key: ['fingerprint'],
  },
];

/** Tables of one side or of both that are not carried row by row. */
export const OTHER_TABLES = ['head', 'ledger_version', 'probe', 'leases', 'sign_in_salt'] as const;
