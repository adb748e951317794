import { isDomainPattern } from '../../matching/domain-pattern.ts';

/**
 * What to write where the text is no YAML, or YAML that policies do not use. Keyed by the first words of the parser's
 * messages and by its kinds of tokens. A text is repeated only if it is a domain pattern.
 */
const NOT_YAML: readonly (readonly [begins: string, advice: string])[] = [
  ['Plain value cannot start with', 'put the value in quotes'],
  ['Tabs are not allowed', 'indent with spaces'],
  ['Nested mappings are not allowed in compact', 'a text with ": " in it needs quotes'],
  ['Block collections are not allowed within flow', 'a text with ": " in it, or a lone -, needs quotes'],
  ['Implicit keys need to be on a single line', 'write key: value, with a blank after the colon'],
  ['Implicit map keys need to be followed by map values', 'write key: value, with a blank after the colon'],
  ['Flow sequence in block collection', 'a bracket or a quote before this is not closed'],
  ['Flow map in block collection', 'a brace or a quote before this is not closed'],
  ['Missing closing', 'a quote is not closed'],
  ['Comments must be separated', 'write a blank before #, or put the value in quotes'],
  ['All mapping items must start at the same column', 'indent the keys of one row alike'],
  ['All sequence items must start at the same column', 'indent the entries of one list alike'],
  ['A block sequence may not be used as an implicit map key', 'indent the entries of one list alike'],
  ['Missing , or', 'write a comma between two entries, and put a text that holds quotes into quotes'],
  ['Missing }', 'write a comma between two entries, and close every brace'],
  ['Map keys must be unique', 'keep one of the two'],
  ['With stringKeys', 'a template such as {{ … }} was not filled in, or a text that begins with { or [ needs quotes'],
];

/** For a message of the parser: the end of the sentence, or nothing. */
export function syntaxAdvice(message: string): string {
  const advice = NOT_YAML.find(([begins]) => message.startsWith(begins))?.[1];
  return advice === undefined ? '' : `: ${advice}`;
}

const FORBIDDEN: Readonly<Record<string, string>> = {
  alias: 'aliases are not allowed: write the value out, or name a set. A text that begins with * needs quotes',
  anchor: 'anchors are not allowed: write the value out in each place. A text that begins with & needs quotes',
  tag: 'tags are not allowed: remove it, or quote a text that begins with !',
  'directive-line': 'directives are not allowed: the file is YAML 1.2',
};

/** The problem of a token; null when policies may use its kind. `word` is the token as written, `before` the text before it. */
export function forbiddenToken(type: string, word: string, before: string): string | null {
  if (type !== 'alias') return FORBIDDEN[type] ?? null;
  if (before === '<<') return 'merge keys (<<) are not allowed: write the keys out in each row';
  const pattern = `*.${word.toLowerCase().replace(/^[*.]+/, '')}`;
  if (!pattern.slice(2).includes('.') || !isDomainPattern(pattern)) return FORBIDDEN[type] ?? null;
  return `${word === pattern ? 'quote it:' : 'write, in quotes,'} "${pattern}" (without quotes, * begins an alias, and aliases are not allowed)`;
}
