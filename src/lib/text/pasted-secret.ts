/**
 * Recognises what people and tools write where a secret alone belongs: a line of a .env file, a JSON document, base64
 * of the secret, a placeholder. Pure. Every row is certain: no key, token or password that a provider issues has that
 * form, so a genuine secret is never refused here. Each problem is the second half of a sentence that begins with the
 * name of the setting. No problem quotes the text.
 */
import { wrappedFault } from './wrapped-value.ts';

interface Row {
  readonly form: RegExp;
  readonly problem: string;
}

const ROWS: readonly Row[] = [
  {
    // `=` inside a genuine token follows base64, in mixed case; the name of a variable is of one case.
    form: /^(?:(?:export|set|setx|ENV|-)\s+|\$env:|Environment=)?(?:[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[a-z_-]*(?:key|token|secret|password)|(?:API)?KEY|TOKEN|SECRET|PASSWORD)\s*=\s*[^=\s]/,
    problem: 'holds a name and = before the value: write the value alone',
  },
  {
    form: /^["']?[A-Za-z][\w-]*["']?:\s+\S/,
    problem: 'holds a name and a colon before the value: write the value alone',
  },
  {
    form: /^(?:Bearer|Basic|Token|ApiKey|Splunk)\s+\S/i,
    problem: 'begins with a word such as Bearer: write what follows it alone',
  },
  { form: /^\{.*\}$|^\[\s*["{].*\]$/s, problem: 'is JSON: write the value alone' },
  { form: /-----BEGIN [A-Z0-9 ]+-----/, problem: 'holds a PEM block, which belongs to another setting' },
  {
    form: /^(?:op:\/\/|arn:aws[\w-]*:|vault:|secretsmanager:|ssm:|sm:\/\/|akv:\/\/|berglas:|ref\+|@Microsoft\.KeyVault\(|projects\/[^/]+\/secrets\/)/,
    problem: 'is a reference to a secret store that nothing has replaced by the secret',
  },
  {
    form: /^(?:file:\/*|~)?\/(?:run|var|etc|mnt|opt|tmp|home|root|vault|secrets|app)\/[^\s=+]*$|^~\/|^\.{1,2}\/|^[A-Za-z]:\\/,
    problem: 'is the path of a file: the setting of the same name with _FILE takes a path',
  },
  { form: /^https?:\/\/\S+$/, problem: 'is an address and no secret' },
  {
    form: /^<.*>$|^\((?:secret|hidden|redacted)\)$|^(?:change|replace)[-_ ]?(?:me|this)\b|^(?:your|insert|paste|enter)[-_ ].*(?:key|token|secret|password|here)\b|^x{4,}(?:-x{4,})*$|\*{4}|•{3}|…|^\.{3}|\.{3}$/is,
    problem: 'is a placeholder or a shortened display of the value',
  },
];

export interface PastedSecretOptions {
  /** What is certainly the secret itself when base64 decodes to it, and never the bytes of a random one. */
  readonly base64Of: RegExp;
}

const BASE64_PROBLEM = 'is base64 of the value, as in the manifest of a Kubernetes Secret: decode it';
/** `base64` and `kubectl create secret` always pad to a multiple of four. */
const PADDED_BASE64 = /^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The problem of a text that has no white space around it; null when it may be a secret. */
export function pastedFault(text: string, { base64Of }: PastedSecretOptions): string | null {
  const problem = wrappedFault(text) ?? ROWS.find(({ form }) => form.test(text))?.problem;
  if (problem !== undefined) return problem;
  const decoded = PADDED_BASE64.test(text) ? atob(text) : '';
  return base64Of.test(decoded) ? BASE64_PROBLEM : null;
}
