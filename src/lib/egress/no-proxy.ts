import { isInNetwork, parseIpAddress, parseIpNetwork } from './ip-address.ts';

/**
 * The targets that are reached without the proxy, as NO_PROXY lists them. The grammar is that of curl and Go together:
 * entries with commas or blanks between them; `*`; a domain, with or without a leading `.` or `*.`, which means itself
 * and its sub-domains; an address; a network; each but a network also with a port; and `<local>` and other `*` patterns,
 * which Windows and Java write. An entry that has no reading here is a problem, because it would have no effect.
 */
export interface NoProxy {
  /** The entries as they are written. */
  readonly written: readonly string[];
  /** The first entry that covers the target, as it is written; null when none does. */
  entryFor(target: Target): string | null;
}

export interface Target {
  /** Lower-case, without brackets and without a final dot. */
  readonly host: string;
  readonly port: number;
}

export type ReadNoProxy =
  | { readonly kind: 'read'; readonly noProxy: NoProxy }
  /** A predicate of the setting's name. It names the place of the entry and does not quote it. */
  | { readonly kind: 'unfit'; readonly problem: string };

type Covers = (target: Target) => boolean;

export function readNoProxy(text: string): ReadNoProxy {
  const entries: { readonly text: string; readonly covers: Covers }[] = [];
  const written = text.split(/[\s,]+/).filter((entry) => entry !== '');
  for (const [index, entry] of written.entries()) {
    const covers = readEntry(entry.toLowerCase());
    if (typeof covers === 'string')
      return { kind: 'unfit', problem: `has an entry ${String(index + 1)} that ${covers}` };
    entries.push({ text: entry, covers });
  }
  return {
    kind: 'read',
    noProxy: { written, entryFor: (target) => entries.find(({ covers }) => covers(target))?.text ?? null },
  };
}

const NOT_READABLE =
  'is no host, domain (.acme.com), address or network (10.0.0.0/8); entries have commas between them';

/** The test for one entry, or what is wrong with it. */
function readEntry(entry: string): Covers | string {
  if (entry === '*') return () => true;
  if (entry === '<local>') return ({ host }) => !host.includes('.') && parseIpAddress(host) === null;
  if (entry.includes('://')) return 'begins with a scheme; write the host alone';
  if (entry.includes('/')) return readNetwork(entry);
  const { host, port } = splitPort(entry);
  const covers = readHost(host);
  if (typeof covers === 'string' || port === null) return covers;
  const number = Number(port);
  if (!/^\d{1,5}$/.test(port) || number < 1 || number > 65_535) return 'has no port from 1 to 65535 after its colon';
  return (target) => target.port === number && covers(target);
}

function readNetwork(entry: string): Covers | string {
  const network = parseIpNetwork(entry.replace(/^\[(.*)\](?=\/)/, '$1'));
  if (network === null) return 'is no network like 10.0.0.0/8; a host has no slash';
  return ({ host }) => {
    const address = parseIpAddress(host);
    return address !== null && isInNetwork(address, network);
  };
}

/** An IPv6 address has a port only behind brackets. */
function splitPort(entry: string): { readonly host: string; readonly port: string | null } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(entry);
  if (bracketed !== null) return { host: bracketed[1] ?? '', port: bracketed[2] ?? null };
  const [host = '', port, ...more] = entry.split(':');
  return port === undefined || more.length > 0 ? { host: entry, port: null } : { host, port };
}

function readHost(text: string): Covers | string {
  const address = parseIpAddress(text);
  if (address !== null) {
    return ({ host }) => {
      const one = parseIpAddress(host);
      return one?.family === address.family && one.value === address.value;
    };
  }
  const domain = domainOf(text.replace(/^(?:\*?\.)?/, '').replace(/\.$/, ''));
  if (domain !== null) return ({ host }) => host === domain || host.endsWith(`.${domain}`);
  if (!/^[\w*.-]+$/.test(text) || !text.includes('*')) return NOT_READABLE;
  const pieces = text.split('*');
  return ({ host }) => matchesPieces(host, pieces);
}

/** As host names are compared (A-labels); null when the text is no name. A name of digits alone would be an address. */
function domainOf(text: string): string | null {
  if (/[^\p{L}\p{M}\p{N}_.-]/u.test(text) || /^[\d.]*$/.test(text)) return null;
  const hostname = URL.parse(`http://${text}`)?.hostname ?? '';
  return /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(hostname) ? hostname : null;
}

/** Whether the text is these pieces, in order, with anything between them. Linear in the length of the text. */
function matchesPieces(text: string, pieces: readonly string[]): boolean {
  const first = pieces[0] ?? '';
  const last = pieces.at(-1) ?? '';
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return at <= text.length - last.length;
}
