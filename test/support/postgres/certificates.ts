import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate authority for tests, made with openssl. What it signs is valid from now on. */
export interface TestAuthority {
  /** The path of its own certificate. */
  readonly caFile: string;
  /** Writes a certificate and its key. `name`: as in subjectAltName, `DNS:db.example.com`. */
  sign(name: string, to: { readonly cert: string; readonly key: string }, options?: { readonly days?: number }): void;
  remove(): void;
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export function createTestAuthority(commonName: string): TestAuthority {
  const folder = mkdtempSync(join(tmpdir(), 'test-authority-'));
  const inFolder = (name: string): string => join(folder, name);
  const openssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' });
  const own = ['-out', inFolder('ca.pem'), '-keyout', inFolder('ca.key')];
  openssl('req', '-x509', ...KEY, ...own, '-subj', `/CN=${commonName}`, '-days', '2');
  return {
    caFile: inFolder('ca.pem'),
    sign(name, { cert, key }, { days = 2 } = {}) {
      openssl('req', ...KEY, '-keyout', key, '-out', inFolder('request.csr'), '-subj', '/CN=a server');
      writeFileSync(inFolder('extensions'), `subjectAltName=${name}\n`);
      openssl(
        ...['x509', '-req', '-in', inFolder('request.csr'), '-out', cert, '-days', String(days)],
        ...['-CA', inFolder('ca.pem'), '-CAkey', inFolder('ca.key'), '-extfile', inFolder('extensions')],
      );
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
