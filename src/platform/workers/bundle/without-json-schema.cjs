/**
 * Replaces the part of zod that writes JSON Schemas, by `alias` in wrangler.toml, because every zod schema bundles that
 * part. A Worker needs no JSON Schema: the published contract is made when the Worker is built. A call that asks for
 * one throws.
 */
function refuse() {
  throw new TypeError('JSON Schemas are made when the Worker is built');
}

// oxlint-disable-next-line import/no-commonjs -- Only CommonJS leaves every other name undefined.
module.exports = { createToJSONSchemaMethod: () => refuse, createStandardJSONSchemaMethod: () => refuse };
