/**
 * Stands in, by `alias` in wrangler.toml, for the part of zod that writes JSON Schemas, which every schema carries along.
 * On Workers nothing asks for one: the published contract is made when the Worker is built. A schema that is asked all
 * the same throws.
 */
function refuse() {
  throw new TypeError('JSON Schemas are made when the Worker is built');
}

// oxlint-disable-next-line import/no-commonjs -- An empty export of all other names, which only CommonJS has.
module.exports = { createToJSONSchemaMethod: () => refuse, createStandardJSONSchemaMethod: () => refuse };
