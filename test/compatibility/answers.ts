import { expect } from 'vitest';
import { startTestService } from '../support/service.ts';
import type { Chapter, Situation } from './situation.ts';

/** An address as people paste it: refused as it came, with a sentence that says what to change. */
function pasted(product: string, sends: string, entry: string, sentence: string): Situation {
  return {
    product,
    sends,
    does: `Refuses it: “${sentence}”.`,
    async check() {
      const service = await startTestService();
      const response = await service.invite({ emails: ['ann@acme.com', entry] });
      expect(response.status).toBe(422);
      expect(await response.json()).toMatchObject({
        detail: [{ type: 'value_error', loc: ['body', 'emails', 1], msg: `Value error, ${sentence}` }],
      });
      expect(service.galileo.received).toEqual([]);
    },
  };
}

const ALONE = 'so that only name@example.com is left';
const A_LABELS = `
version: 1
callers: { hr-portal: { issuer: corp, client_id: [hr-portal] } }
rules: [{ id: staff, allow: [hr-portal], domains: [xn--mnchen-3ya.de, acme.xn--p1ai], roles: any, auth_methods: any }]
`;
const PER_PERSON = `
version: 1
callers: { hr-portal: { issuer: corp, client_id: [hr-portal] } }
rules: [{ id: staff, allow: [hr-portal], domains: [acme.com], roles: any, auth_methods: any }]
quotas: [{ id: person, per: invitee, window: 1d, emails: 1 }]
`;
const LENIENT = { headers: { Prefer: 'handling=lenient' } };

/** What people paste into a form, and what the form can show them. */
export const ANSWERS: Chapter = {
  title: 'What people paste and read',
  about:
    'Addresses as mail programs, chats and spreadsheets write them, and the answers that a page can show as they are. An address is never repaired: what was checked is what is sent.',
  situations: [
    pasted(
      'Outlook, Gmail',
      '`Ann Lee <ann@acme.com>`',
      'Ann Lee <bob@acme.com>',
      `take away the name and the angle brackets, ${ALONE}`,
    ),
    pasted(
      'Outlook',
      '`"Lee, Ann" <ann@acme.com>;`',
      '"Lee, Ann" <bob@acme.com>;',
      `take away the punctuation behind it and the name and the angle brackets, ${ALONE}`,
    ),
    pasted(
      'Outlook, "copy"',
      '`ann@acme.com (mailto:ann@acme.com)`',
      'bob@acme.com (mailto:bob@acme.com)',
      `the same address twice: write it once, ${ALONE}`,
    ),
    pasted('Browsers', '`mailto:ann%40acme.com`', 'mailto:bob%40acme.com', 'the at sign is written as %40: write @'),
    pasted(
      'Web pages, copied as source',
      '`&lt;ann@acme.com&gt;`',
      '&lt;bob@acme.com&gt;',
      'HTML codes such as &lt; or &#64;: write the characters themselves',
    ),
    pasted('Apple Mail', '`<ann@acme.com>`', '<bob@acme.com>', `take away the angle brackets, ${ALONE}`),
    pasted(
      'Browsers, "copy link address"',
      '`mailto:ann@acme.com?subject=Hi`',
      'mailto:bob@acme.com?subject=Hi',
      `take away mailto: and everything from the question mark on, ${ALONE}`,
    ),
    pasted(
      'Slack',
      '`<mailto:ann@acme.com|ann@acme.com>`',
      '<mailto:bob@acme.com|bob@acme.com>',
      `take away the link, ${ALONE}`,
    ),
    pasted(
      'Excel, Word',
      'a no-break space behind the address',
      'bob@acme.com\u00a0',
      `take away the blanks around it, ${ALONE}`,
    ),
    pasted(
      'Teams, web pages',
      'a zero-width space before the address',
      '\u200bbob@acme.com',
      `take away the invisible characters, ${ALONE}`,
    ),
    pasted(
      'Recipient lists',
      '`ann@acme.com; bob@acme.com` as one entry',
      'bob@acme.com; cat@acme.com',
      'more than one address: give each address an entry of its own',
    ),
    pasted('Recipient lists', '`ann@acme.com,`', 'bob@acme.com,', `take away the punctuation behind it, ${ALONE}`),
    pasted(
      'Unix mail programs',
      '`ann@acme.com (Ann Lee)`',
      'bob@acme.com (Bob Lee)',
      `take away the words in brackets, ${ALONE}`,
    ),
    pasted(
      'Word',
      '`“ann@acme.com”`, in typographic quotation marks',
      '\u201cbob@acme.com\u201d',
      `take away the quotation marks, ${ALONE}`,
    ),
    pasted(
      'Word, phones',
      'a typographic apostrophe, `o’hara@acme.com`',
      'o\u2019hara@acme.com',
      "a typographic apostrophe before the at sign: write the plain one (')",
    ),
    pasted(
      'East Asian keyboards',
      'a full-width `＠`',
      'bob\uff20acme.com',
      'another character in place of the at sign: write @',
    ),
    pasted('People', '`ann(at)acme.com`', 'bob(at)acme.com', 'another character in place of the at sign: write @'),
    pasted(
      'People',
      'a domain in its own letters, `ann@münchen.de`',
      'bob@münchen.de',
      'a domain with letters beyond a-z: write its form in plain letters, which begins with xn-- (the A-label)',
    ),
    {
      product: 'Domains in other scripts',
      sends: 'their A-labels, `ann@xn--mnchen-3ya.de`, `ann@acme.xn--p1ai`',
      does: 'Takes them as ordinary domains, in addresses and in policies alike.',
      async check() {
        const service = await startTestService({ policy: A_LABELS });
        const emails = ['ann@XN--Mnchen-3ya.de', 'ann@acme.xn--p1ai'];
        expect((await service.invite({ emails })).status).toBe(200);
        expect(service.galileo.received[0]?.body).toContain(JSON.stringify(emails));
      },
    },
    {
      product: 'Forms that send a pasted list',
      sends: '`Prefer: handling=lenient` and a list with one malformed and one repeated address',
      does: 'Sends the others; names the two by place and reason, never by text, in the answer and on record.',
      async check() {
        const service = await startTestService();
        const response = await service.invite(
          { emails: ['ann@acme.com', 'Bob <bob@acme.com>', 'Ann@acme.com'] },
          LENIENT,
        );
        expect(response.status).toBe(207);
        expect(await response.json()).toMatchObject({
          sent: ['ann@acme.com'],
          refused: [
            { index: 1, reason: 'more_than_address' },
            { index: 2, reason: 'repeated' },
          ],
        });
      },
    },
    {
      product: 'Forms that send a pasted list',
      sends: '`Prefer: handling=lenient` and a person whose quota per invitee is used up',
      does: 'Sends the others, and says of that person when to try again.',
      async check() {
        const service = await startTestService({ policy: PER_PERSON });
        await service.invite({ emails: ['ann@acme.com'] });
        const response = await service.invite({ emails: ['ann@acme.com', 'bob@acme.com'] }, LENIENT);
        expect(response.status).toBe(207);
        expect(await response.json()).toMatchObject({
          sent: ['bob@acme.com'],
          refused: [{ email: 'ann@acme.com', rule: 'person', message: expect.stringContaining('Try again in 14 h.') }],
        });
      },
    },
    {
      product: 'Apps that the policy has no caller for',
      sends: 'a valid token',
      does: 'Refuses with `no-caller`: “the invite policy does not know you or this app. Ask the people who run this app.”',
      async check() {
        const service = await startTestService();
        const token = await service.token({ sub: 'other-app' });
        const response = await service.invite({ emails: ['ann@acme.com'] }, { token });
        expect(response.status).toBe(403);
        expect(await response.json()).toMatchObject({
          detail: expect.stringContaining('the invite policy does not know you or this app.'),
          decisions: [{ rule: null, because: ['no-caller'] }],
        });
      },
    },
    {
      product: 'Pages that show `detail`',
      sends: 'one request more than a quota allows',
      does: 'Says which quota, how much of it, and when again, in the value of `Retry-After`: “Try again in 13 h 59 min.”',
      async check() {
        const service = await startTestService();
        const crowd = Array.from({ length: 50 }, (_, index) => `p${index}@acme.com`);
        for (let from = 0; from < 50; from += 10) await service.invite({ emails: crowd.slice(from, from + 10) });
        service.clock.advance(90_000);
        const response = await service.invite({ emails: ['ann@acme.com'] });
        expect([response.status, response.headers.get('Retry-After')]).toEqual([429, String(14 * 3600 - 90)]);
        expect(await response.json()).toMatchObject({
          detail:
            'Nothing was sent: the limit is used up (50 addresses in 1 day for this app, quota app-day). Try again in 13 h 59 min.',
        });
      },
    },
  ],
};
