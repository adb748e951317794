/**
 * "Did you mean" for the words of the policy language and for names that a file defines. People bring words from other
 * products, so a few of them are listed; else the nearest known word is meant. It suggests known words only and never
 * repeats the given one.
 */
import { nearest } from '../../../lib/text/nearest.ts';

/** Words of other products or languages, in lower case without joining characters, and what they are here. */
const OTHER_WORDS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    // Keys
    address: ['emails', 'invite'],
    comment: ['note'],
    description: ['note'],
    email: ['emails', 'invite'],
    emails: ['invite'],
    expires: ['until'],
    expiry: ['until'],
    interval: ['window'],
    iss: ['issuer'],
    limit: ['emails', 'requests'],
    methods: ['auth_methods'],
    name: ['id'],
    period: ['window'],
    reason: ['because', 'note'],
    sub: ['subject'],
    validuntil: ['until'],
    // Values
    aad: ['azure-ad'],
    allowed: ['allow'],
    app: ['client_id'],
    azure: ['azure-ad'],
    denied: ['deny'],
    entra: ['azure-ad'],
    entraid: ['azure-ad'],
    global: ['org'],
    human: ['user'],
    machine: ['app'],
    member: ['user'],
    owner: ['admin'],
    person: ['user', 'subject'],
    refuse: ['deny'],
    refused: ['deny'],
    service: ['app'],
    user: ['subject'],
    viewer: ['read_only'],
  }),
);

/** The end of a sentence about an unknown word: `; did you mean roles?`, or nothing. */
export function suggest(word: string, known: readonly string[]): string {
  const others = OTHER_WORDS.get(word.toLowerCase().replaceAll(/[-_. ]/g, '')) ?? [];
  const meant = nearest(word, known) ?? others.find((other) => known.includes(other));
  return meant === undefined ? '' : `; did you mean ${meant}?`;
}
