import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  passwordsIn,
  proxyName,
  readProxyAddress,
  shownProxyAddress,
} from '../../../../src/lib/egress/proxy-address.ts';

function read(text: string) {
  const result = readProxyAddress(text);
  if (result.kind === 'unfit') throw new Error(result.problem);
  const { protocol, hostname, port, authorization } = result.proxy;
  return [
    protocol,
    hostname,
    port,
    authorization === null ? null : atob(authorization.reveal().slice('Basic '.length)),
  ];
}

describe('the address of an egress proxy', () => {
  it.each([
    ['http://proxy.acme.com:3128', ['http:', 'proxy.acme.com', 3128, null]],
    ['http://proxy.acme.com:3128/', ['http:', 'proxy.acme.com', 3128, null]],
    ['proxy.acme.com:3128', ['http:', 'proxy.acme.com', 3128, null]],
    ['proxy', ['http:', 'proxy', 80, null]],
    ['HTTP://Proxy.Acme.com', ['http:', 'proxy.acme.com', 80, null]],
    ['https://proxy.acme.com', ['https:', 'proxy.acme.com', 443, null]],
    ['https://proxy.acme.com:8443', ['https:', 'proxy.acme.com', 8443, null]],
    ['http://127.0.0.1:15001', ['http:', '127.0.0.1', 15_001, null]],
    ['http://[fd00::1]:3128', ['http:', '[fd00::1]', 3128, null]],
    ['http://svc:secret@proxy:3128', ['http:', 'proxy', 3128, 'svc:secret']],
    ['svc:secret@proxy:3128', ['http:', 'proxy', 3128, 'svc:secret']],
    ['http://svc@proxy:3128', ['http:', 'proxy', 3128, 'svc:']],
    ['http://DOMAIN%5Csvc:p%40ss%3Aw%23rd@proxy:3128', ['http:', 'proxy', 3128, 'DOMAIN\\svc:p@ss:w#rd']],
    ['http://svc:pa$SWORD@proxy:3128', ['http:', 'proxy', 3128, 'svc:pa$SWORD']],
    ['http://svc:%24SAME@proxy:3128', ['http:', 'proxy', 3128, 'svc:$SAME']],
    ['http://svc:%C3%BC@proxy:3128', ['http:', 'proxy', 3128, 'svc:\u00c3\u00bc']],
    ['http://svc:a:b@proxy:3128', ['http:', 'proxy', 3128, 'svc:a:b']],
  ])('is read from %s', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it('has credentials in UTF-8 (RFC 7617 §2.1)', () => {
    const result = readProxyAddress('http://svc:gr%C3%BCn@proxy:3128');
    expect(result.kind === 'read' && result.proxy.authorization?.reveal()).toBe('Basic c3ZjOmdyw7xu');
  });

  it.each([
    ['socks5://svc:s3same@proxy:1080', /SOCKS.*HTTP proxy that allows CONNECT/],
    ['socks4a://svc:s3same@proxy', /SOCKS/],
    ['ftp://svc:s3same@proxy', /^must be http:\/\/host:port/],
    ['http://svc:s3same@', /^must be http/],
    ['http://svc:s3same@proxy:0', /^must be http/],
    ['http://svc:s3same@proxy:99999', /^must be http/],
    ['http://svc:s3#same@proxy:3128', /%23/],
    ['http://svc:12/s3same@proxy:3128', /path.*%2F/],
    ['http://svc:s3same@proxy:3128/pac', /path/],
    ['http://svc:s3same@proxy:3128?x=1', /query/],
    ['http://CORP\\svc:s3same@proxy:3128', /backslash.*%5C/],
    ['http://svc:s3%same@proxy:3128', /%25/],
    ['http://a%3Ab:s3same@proxy:3128', /colon/],
    ['http://svc:s3same%0d%0aX:y@proxy:3128', /control character/],
    ['http://svc:s3same@proxy:3128\n', /line end/],
    ['http://svc:s3 same@proxy:3128', /blank/],
    ['"http://svc:s3same@proxy:3128"', /quotation marks/],
    ['none', /leave it empty for no proxy/],
    ['DIRECT', /leave it empty for no proxy/],
    ['0', /leave it empty for no proxy/],
    ['http://$PROXY_USER:$PROXY_PASS@proxy:3128', /variable that nothing has replaced/],
    ['http://svc:$PROXY_PASS@proxy:3128', /variable that nothing has replaced.*%24/],
    ['http://svc:${PROXY_PASS}@proxy:3128', /variable that nothing has replaced/],
    ['http://%PROXY_USER%:%PROXY_PASS%@proxy:3128', /variable that nothing has replaced/],
  ])('is refused for %j, with what to do and nothing of the text', (text, problem) => {
    const result = readProxyAddress(text);
    expect(result).toEqual({ kind: 'unfit', problem: expect.stringMatching(problem) });
    expect(JSON.stringify(result)).not.toMatch(/s3|same|CORP/);
    expect(shownProxyAddress(text)).toBe('');
  });

  it('never shows its credentials', () => {
    const text = 'http://svc:s3same@proxy.acme.com:3128';
    const result = readProxyAddress(text);
    for (const shown of [inspect(result, { depth: 9, showHidden: true }), JSON.stringify(result)]) {
      expect(shown).not.toMatch(/s3same|c3ZjOn/);
    }
    expect(shownProxyAddress(text)).toBe('http://[credentials]@proxy.acme.com:3128');
    expect(shownProxyAddress('proxy.acme.com:3128')).toBe('http://proxy.acme.com:3128');
    expect(result.kind === 'read' && proxyName(result.proxy)).toBe('proxy.acme.com:3128');
  });

  it.each([
    ['http://svc:p%40ssword@proxy:3128', ['p%40ssword', 'p@ssword']],
    ['svc:plain@proxy:3128', ['plain']],
    ['socks5://svc:pl@in@proxy:1080', ['pl@in']],
    ['http://svc:with/slash@proxy', ['with/slash']],
    ['http://proxy:3128', []],
    ['proxy:3128', []],
    ['', []],
  ])('has its passwords found even where it is not valid: %s', (text, passwords) => {
    expect(passwordsIn(text)).toEqual(passwords);
  });
});
