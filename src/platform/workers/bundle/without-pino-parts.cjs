/**
 * Replaces packages of pino that a Worker never uses, by `alias` in wrangler.toml:
 * - files and threads: the logger has its own destination;
 * - redaction: it is not configured;
 * - a fallback for JSON.stringify, and serializers of errors and HTTP messages: log fields are texts and numbers, and
 *   audit records are JSON.
 * It is CommonJS, like the packages it replaces, and a class, because pino tests whether a destination is its instance.
 */
// oxlint-disable-next-line import/no-commonjs, typescript/no-extraneous-class, unicorn/no-static-only-class -- See above.
module.exports = class Unreached {
  /** For safe-stable-stringify. */
  static configure() {
    return JSON.stringify;
  }
};
