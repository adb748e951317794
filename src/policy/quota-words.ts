/** Limits and quotas in words, for people. Pure. */
import { windowWords } from '../lib/text/duration-words.ts';
import type { Quota } from './compile.ts';
import type { QuotaScope } from './document/schema.ts';

/** Whom a counter is for. `you` is the person or the app that the token was issued to. */
const SCOPE_WORDS: Readonly<Record<QuotaScope, string>> = {
  request: 'in one request',
  subject: 'for you',
  client_id: 'for this app',
  issuer: 'for all who sign in as you do',
  org: 'for the whole organisation',
  invitee: 'for each invited person',
};

const UNIT_WORDS = { emails: ['address', 'addresses'], requests: ['request', 'requests'] } as const;

/** Such as `500 addresses in 1 day for this app`. */
export function limitWords({ unit, limit, windowMs, per }: Pick<Quota, 'unit' | 'limit' | 'windowMs' | 'per'>): string {
  const amount = per === 'invitee' ? counted(limit, 'invitation', 'invitations') : unitWords(limit, unit);
  return `${amount}${windowMs === null ? '' : ` in ${windowWords(windowMs)}`} ${SCOPE_WORDS[per]}`;
}

export function unitWords(count: number, unit: Quota['unit']): string {
  const [one, many] = UNIT_WORDS[unit];
  return counted(count, one, many);
}

export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
