/**
 * What to write instead of a text that is no domain pattern or no address. The result is the end of a sentence, or
 * nothing. It repeats a corrected domain only, and only one that is a valid pattern: the text may be an address.
 */
import { isDomainPattern } from '../../matching/domain-pattern.ts';

const NOT_ASCII = /[^\x20-\x7e]/;
/** Scripts with letters that look like Latin ones. */
const LOOK_ALIKE = /[\p{Script=Cyrillic}\p{Script=Greek}]/u;
const LOOK_ALIKE_ADVICE =
  'It holds a Cyrillic or Greek letter that looks like a Latin one, so it is another domain. Type it anew with the letters a-z';
/** What people write for everybody. */
const EVERYBODY = /^(?:\*|any|all|every(?:one|body)|anyone|anybody)$/i;

/** What tools that fill in templates leave behind. */
const TEMPLATE = /\$\{|\{\{/;

/** The first row that holds decides. */
const DOMAIN_ROWS: readonly {
  readonly holds: (text: string) => boolean;
  readonly advice: (text: string) => string;
}[] = [
  {
    holds: (text) => EVERYBODY.test(text),
    advice: () => 'There is no "anyone": name each domain. A deny rule for everybody leaves domains and emails out',
  },
  { holds: (text) => /[“”„‘’«»]/.test(text), advice: () => 'Write straight quotes: "' },
  { holds: (text) => TEMPLATE.test(text), advice: () => 'A template was not filled in: write its value' },
  { holds: (text) => text.startsWith('$'), advice: () => 'A set holds domains only: write them out' },
  { holds: (text) => /[\s,;]/.test(text.trim()), advice: () => 'Write one domain an entry' },
  { holds: (text) => text.trim() !== text, advice: (text) => write(text.trim(), 'Remove the blanks around it') },
  { holds: (text) => text.startsWith('@'), advice: (text) => write(text.slice(1), 'Remove the @') },
  { holds: (text) => text.includes('@'), advice: () => 'An address belongs in emails' },
  { holds: (text) => /[:/?]/.test(text), advice: (text) => write(hostIn(text), 'Write the domain alone, not a URL') },
  { holds: (text) => mixesScripts(text), advice: () => LOOK_ALIKE_ADVICE },
  {
    holds: (text) => NOT_ASCII.test(text),
    advice: (text) => write(aLabels(text), 'Write it in ASCII, as its A-label (xn--…)'),
  },
  { holds: (text) => /[A-Z]/.test(text), advice: (text) => write(text.toLowerCase(), 'Write it in lower case') },
  {
    holds: (text) => /^\*+[^*]/.test(text) || text.startsWith('.'),
    advice: (text) => write(`*.${text.replace(/^[*.]+/, '')}`, 'Only "*." may stand before a domain'),
  },
  { holds: (text) => text.includes('*'), advice: () => 'Only "*." may stand before a domain, and only once' },
  { holds: (text) => /[^.]\.$/.test(text), advice: (text) => write(text.slice(0, -1), 'Remove the last dot') },
  { holds: (text) => /^[\w-]+$/.test(text), advice: (text) => `A domain has a dot; a set is written $${text}` },
];

export function domainAdvice(text: string): string {
  const row = DOMAIN_ROWS.find(({ holds }) => holds(text));
  return row === undefined ? '' : `. ${row.advice(text)}`;
}

const ADDRESS_ROWS: typeof DOMAIN_ROWS = [
  {
    holds: (text) => text.startsWith('*@'),
    advice: (text) => `For a whole domain, write it in domains${quoted(text.slice(2))}`,
  },
  { holds: (text) => /^\s|\s$/.test(text), advice: () => 'Remove the blanks around it' },
  { holds: (text) => /[<>"]/.test(text), advice: () => 'Write the address alone, without the name and the brackets' },
  { holds: (text) => /^mailto:/i.test(text), advice: () => 'Remove "mailto:"' },
  { holds: (text) => /[\s,;]/.test(text), advice: () => 'Write one address an entry' },
  { holds: (text) => text.startsWith('$'), advice: () => 'A set belongs in domains' },
  { holds: (text) => !text.includes('@'), advice: () => 'A domain belongs in domains' },
  { holds: (text) => NOT_ASCII.test(text), advice: domainInAscii },
];

export function addressAdvice(text: string): string {
  const row = ADDRESS_ROWS.find(({ holds }) => holds(text));
  return row === undefined ? '' : `. ${row.advice(text)}`;
}

/** Whether a label has letters of both scripts. */
function mixesScripts(text: string): boolean {
  return text.split(/[.@]/).some((label) => /[a-z]/i.test(label) && LOOK_ALIKE.test(label));
}

function domainInAscii(text: string): string {
  const written = text.slice(text.lastIndexOf('@') + 1);
  if (mixesScripts(written)) return LOOK_ALIKE_ADVICE;
  const domain = aLabels(written);
  return `Write it in ASCII${domain === null || !isDomainPattern(domain) ? '' : `, its domain as ${domain}`}`;
}

/** `otherwise` where the corrected text is no pattern either. */
function write(corrected: string | null, otherwise: string): string {
  return corrected !== null && isDomainPattern(corrected) ? `Write${quoted(corrected).slice(1)}` : otherwise;
}

function quoted(domain: string): string {
  if (!isDomainPattern(domain)) return '';
  return domain.startsWith('*') ? `: "${domain}"` : `: ${domain}`;
}

function hostIn(text: string): string | null {
  return URL.parse(text.includes('://') ? text : `https://${text}`)?.hostname ?? null;
}

/** The domain in ASCII, as a browser writes it; null when it is none. */
function aLabels(text: string): string | null {
  const [, wild = '', domain = ''] = /^(\*\.)?(.*)$/s.exec(text) ?? [];
  if (/[\s/?#@:\\]/.test(domain)) return null;
  const host = URL.parse(`https://${domain}`)?.hostname;
  return host === undefined ? null : wild + host;
}
