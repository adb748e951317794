import { describe, expect, it } from 'vitest';
import { createEgress, DIRECT_EGRESS } from '../../../../src/lib/egress/egress.ts';
import { readNoProxy } from '../../../../src/lib/egress/no-proxy.ts';

const PROXY = { protocol: 'http:', hostname: 'proxy.acme.com', port: 3128, authorization: null } as const;

function route(noProxy: string, url: string) {
  const read = readNoProxy(noProxy);
  if (read.kind === 'unfit') throw new Error(read.problem);
  return createEgress(PROXY, read.noProxy).route(new URL(url));
}

describe('NO_PROXY', () => {
  it.each([
    // A domain is itself and its sub-domains, with and without the leading signs of other programs.
    ['acme.com', ['acme.com', 'a.acme.com', 'A.B.ACME.COM', 'acme.com.'], ['notacme.com', 'acme.com.evil.io', 'com']],
    ['.acme.com', ['acme.com', 'a.acme.com'], ['notacme.com']],
    ['*.acme.com', ['acme.com', 'a.acme.com'], ['notacme.com']],
    ['ACME.com.', ['a.acme.com'], ['acme.org']],
    ['.svc,.svc.cluster.local', ['galileo.prod.svc', 'x.svc.cluster.local'], ['svc.example.com']],
    ['münchen.de', ['xn--mnchen-3ya.de', 'www.münchen.de'], ['munchen.de']],
    ['host_1.acme.com', ['host_1.acme.com'], ['host1.acme.com']],
    // Separators.
    [' acme.com , b.io c.io,,\td.io ', ['acme.com', 'b.io', 'c.io', 'd.io'], ['e.io']],
    // Ports.
    ['acme.com:8443', ['acme.com:8443', 'a.acme.com:8443'], ['acme.com', 'acme.com:443']],
    ['acme.com:443', ['acme.com'], ['acme.com:8443']],
    ['10.1.2.3:8443', ['10.1.2.3:8443'], ['10.1.2.3']],
    ['[fd00::1]:8443', ['[fd00::1]:8443'], ['[fd00::1]']],
    // Addresses and networks.
    ['10.1.2.3', ['10.1.2.3'], ['10.1.2.4', 'x.10.1.2.3.io']],
    ['fd00::1', ['[fd00::1]', '[fd00:0:0::1]'], ['[fd00::2]']],
    ['[FD00::1]', ['[fd00::1]'], ['[fd00::2]']],
    ['10.0.0.0/8,192.168.0.0/16', ['10.255.0.1', '192.168.3.4'], ['11.0.0.1', '192.169.0.1', 'ten.acme.com']],
    ['10.1.2.3/8', ['10.9.9.9'], ['11.1.2.3']],
    ['0.0.0.0/0', ['8.8.8.8'], ['[fd00::1]', 'acme.com']],
    ['fd00::/8,[fe80::]/10', ['[fdff::1]', '[fe80::1]'], ['[2001:db8::1]', '10.0.0.1']],
    ['10.0.0.0/8', ['[::ffff:10.1.2.3]'], ['[::ffff:11.1.2.3]']],
    // What Windows and Java write.
    ['<local>', ['galileo'], ['galileo.acme.com', '10.0.0.1', '[fd00::1]']],
    ['10.*,192.168.*', ['10.1.2.3', '192.168.1.1'], ['110.1.2.3', '192.169.1.1']],
    ['galileo-*.acme.com', ['galileo-eu.acme.com'], ['galileo.acme.com', 'galileo-eu.acme.com.evil.io']],
    ['*', ['acme.com', '10.0.0.1', '[fd00::1]'], []],
    ['', [], ['acme.com']],
  ])('%j covers %j and not %j', (noProxy, direct, proxied) => {
    for (const host of direct) expect([host, route(noProxy, `https://${host}/x`).kind]).toEqual([host, 'direct']);
    for (const host of proxied) expect([host, route(noProxy, `https://${host}/x`).kind]).toEqual([host, 'proxy']);
  });

  it('says which entry decided', () => {
    expect(route('b.io,.Acme.com', 'https://a.acme.com')).toEqual({
      kind: 'direct',
      because: 'listed',
      entry: '.Acme.com',
    });
  });

  it.each([
    ['acme.com,https://b.io', /^has an entry 2 that begins with a scheme; write the host alone$/],
    ['b.io/path', /entry 1 that is no network like 10\.0\.0\.0\/8; a host has no slash/],
    ['10.0.0.0/33', /network/],
    ['fd00::/129', /network/],
    ['10.0.0/8', /network/],
    ['a.io;b.io', /commas/],
    ['a.io|b.io', /commas/],
    ['"a.io"', /entry 1/],
    ['user@a.io', /entry 1/],
    ['a.io:', /port/],
    ['a.io:0', /port/],
    ['a.io:70000', /port/],
    ['a.io:https', /port/],
    ['192.168.', /network/],
    ['192.168', /network/],
    ['fe80::1%eth0', /entry 1/],
    ['[fd00::1', /entry 1/],
    ['.*\\.acme\\.com', /entry 1/],
  ])('is refused for %j, with the place of the entry and nothing of its text', (text, problem) => {
    expect(readNoProxy(text)).toEqual({ kind: 'unfit', problem: expect.stringMatching(problem) });
    expect(JSON.stringify(readNoProxy(`sesame.io ${text}`))).not.toContain('sesame');
  });

  it('reads a long pattern in linear time', () => {
    const pattern = `${'*a'.repeat(5_000)}*b`;
    expect(route(pattern, `https://${'a'.repeat(60)}.${'a'.repeat(60)}.io`).kind).toBe('proxy');
  });
});

describe('the way out', () => {
  it.each([
    'https://localhost',
    'https://LOCALHOST:8443',
    'https://localhost.',
    'https://galileo.localhost',
    'https://127.0.0.1',
    'https://127.9.9.9',
    'https://2130706433',
    'https://[::1]',
    'https://[::ffff:127.0.0.1]',
  ])('never leads through the proxy to loopback: %s', (url) => {
    expect(route('', url)).toEqual({ kind: 'direct', because: 'loopback' });
  });

  it.each(['https://localhost.acme.com', 'https://notlocalhost', 'https://128.0.0.1', 'https://[::2]'])(
    'leads through the proxy to what only looks like loopback: %s',
    (url) => {
      expect(route('', url)).toEqual({ kind: 'proxy', proxy: PROXY });
    },
  );

  it('leads through the proxy for https alone', () => {
    expect(route('', 'http://api.galileo.ai')).toEqual({ kind: 'direct', because: 'plain_http' });
  });

  it('is direct without a proxy', () => {
    expect(DIRECT_EGRESS.route(new URL('https://api.galileo.ai'))).toEqual({
      kind: 'direct',
      because: 'no_proxy_configured',
    });
  });
});
