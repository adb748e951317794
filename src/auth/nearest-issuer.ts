import { replaceInvisible, shorten } from '../lib/text/invisible-text.ts';

/**
 * Finds the configured issuer that an unknown one nearly names, for the log and `doctor`. The token stays refused:
 * issuers are compared exactly (RFC 8725 §3.8). The result names only what the settings hold, never a part of the token.
 */
export interface NearestIssuer {
  /** The short name of the configured issuer. */
  readonly issuer: string;
  readonly differsIn: IssuerDifference;
}

/** How two names of one issuer usually differ, each with a function that takes the difference away. */
const DIFFERENCES = {
  trailing_slash: withoutTrailingSlashes,
  case: (name: string) => name.toLowerCase(),
  scheme: (name: string) => name.replace(/^https?:\/\//i, ''),
  default_port: (name: string) => name.replace(/^((?:https?:\/\/)?[^/:]+):(?:443|80)(?=\/|$)/i, '$1'),
  // Keycloak before 17 has `/auth` before `/realms`.
  keycloak_auth_path: (name: string) => name.replace(/\/auth(?=\/realms\/)/, ''),
  // One tenant of Entra ID has an issuer for each version of its tokens.
  entra_version: (name: string) =>
    name.replace(/^https:\/\/(?:sts\.windows\.net|login\.microsoftonline\.com)\/([0-9a-f-]{36})(?:\/|\/v2\.0)$/, '$1'),
} as const satisfies Record<string, (name: string) => string>;

export type IssuerDifference = keyof typeof DIFFERENCES | 'several';

/** As long as a configured name may be. The token is not trusted yet, so it must cost little. */
const MAX_COMPARED = 2048;
const MAX_SHOWN = 200;

export function nearestIssuer(
  name: string,
  configured: readonly { readonly name: string; readonly issuer: string }[],
): NearestIssuer | null {
  if (name.length > MAX_COMPARED) return null;
  for (const entry of configured) {
    const differsIn = differenceOf(name, entry.issuer);
    if (differsIn !== null) return { issuer: entry.name, differsIn };
  }
  return null;
}

/** In what two different names that mean one issuer differ; null when they mean two. */
export function differenceOf(one: string, other: string): IssuerDifference | null {
  const kinds = Object.keys(DIFFERENCES) as (keyof typeof DIFFERENCES)[];
  const only = kinds.find((kind) => DIFFERENCES[kind](one) === DIFFERENCES[kind](other));
  if (only !== undefined) return only;
  const bare = (name: string): string => kinds.reduce((text, kind) => DIFFERENCES[kind](text), name);
  return bare(one) === bare(other) ? 'several' : null;
}

/** A name from outside as it may be shown: bounded, and without characters that a terminal may interpret. */
export function printableName(name: string): string {
  return shorten(
    replaceInvisible(name, () => '\ufffd'),
    MAX_SHOWN,
  );
}

/** A regular expression would try each slash of a long row anew. */
function withoutTrailingSlashes(name: string): string {
  let end = name.length;
  while (name[end - 1] === '/') end -= 1;
  return name.slice(0, end);
}
