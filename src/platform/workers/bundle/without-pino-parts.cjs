/**
 * Stands in, by `alias` in wrangler.toml, for packages of pino's that a Worker never reaches: files and threads (the
 * logger writes by itself), redaction (it is not configured), and what takes over where JSON.stringify gives up or an
 * Error or an HTTP message is logged (log fields are texts and numbers, audit records are JSON). CommonJS like what it
 * replaces; a class, because pino asks whether a destination is an instance of it.
 */
// oxlint-disable-next-line import/no-commonjs, typescript/no-extraneous-class, unicorn/no-static-only-class -- See above.
module.exports = class Unreached {
  /** Of safe-stable-stringify. */
  static configure() {
    return JSON.stringify;
  }
};
