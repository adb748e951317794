import { gzipSync } from 'node:zlib';

/** How large the program of the Worker may be. Its policy does not count: every deployment has its own. */
export const MAX_PROGRAM_GZIP_BYTES = 192 * 1024;

/** Bytes with gzip: `size` of the program without its policy, and `policy`. */
export function programSize(program: Uint8Array, policyJson: Uint8Array): { size: number; policy: number } {
  const policy = gzipSync(policyJson).byteLength;
  return { size: gzipSync(program).byteLength - policy, policy };
}
