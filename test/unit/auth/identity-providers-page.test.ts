import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';

import { issuerProfile } from '../../../src/auth/issuer-profile.ts';
import type { IssuerConfig } from '../../../src/auth/issuers.ts';
import { issuerProblem, issuersSchema } from '../../../src/auth/issuers.ts';
import { PRESET_NAMES, PRESETS } from '../../../src/auth/presets.ts';
import type { Preset } from '../../../src/auth/presets.ts';
import { DEFAULT_TOKEN_BYTES, MAX_TOKEN_BYTES } from '../../../src/auth/token/token-limit.ts';
import { HEADER_LIMIT_BYTES } from '../../../src/lib/http/header-limit.ts';
import { loadPolicy } from '../../../src/policy/load.ts';
import { TOKENS_BY_OVERRIDES } from './recorded-overrides.ts';

const page = await readFile(new URL('../../../docs/identity-providers.md', import.meta.url), 'utf8');
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map(([, text = '']) => text);
const entries = blocks('json').flatMap((text): IssuerConfig[] => issuersSchema.parse(JSON.parse(text)));

function rowOf(name: string, preset: Preset): string {
  const list = (claims: readonly string[]) => claims.map((claim) => `\`${claim}\``).join(', ');
  const clients = list(preset.clientIdClaims) + (preset.clientIdFallback === 'audience' ? ', the audience' : '');
  const cells = [
    `\`${name}\``,
    clients,
    list(preset.subjectClaims),
    list(preset.scopeClaims),
    list(preset.groupClaims),
  ];
  return `| ${[...cells, `${preset.maxLifetimeS / 3600} h`].join(' | ')} |`;
}

describe('docs/identity-providers.md', () => {
  it('has an entry to paste for every preset, each fit to be taken as it is', () => {
    expect([...new Set(entries.map(({ preset = 'rfc9068' }) => preset))]).toEqual(PRESET_NAMES);
    for (const entry of entries) expect(issuerProblem(entry, { insecureDev: false })).toBeNull();
    for (const entry of entries) expect(issuerProfile(entry).audiences.length).toBeGreaterThan(0);
  });

  it('has the entry of every provider that was recorded with overrides', () => {
    const shape = ({ preset, token_types, claims }: Omit<IssuerConfig, 'name'>) => ({ preset, token_types, claims });
    for (const { entry } of TOKENS_BY_OVERRIDES) expect(entries.map(shape)).toContainEqual(shape(entry));
  });

  it('shows callers that a policy takes', () => {
    expect(blocks('yaml')).toHaveLength(15);
    for (const callers of blocks('yaml')) {
      const loaded = loadPolicy(`version: 1\n${callers}rules: []\n`, { issuers: ['corp', 'gcp', 'access', 'gitlab'] });
      expect(loaded.kind === 'refused' ? loaded.problems : []).toEqual([]);
    }
  });

  it('says how large a token may be', () => {
    expect(page).toContain(`512 to ${MAX_TOKEN_BYTES} bytes; ${DEFAULT_TOKEN_BYTES} when left out`);
    expect(page).toContain(
      `The header section of a request may have ${HEADER_LIMIT_BYTES / 1024} KiB. A token may have ${DEFAULT_TOKEN_BYTES / 1024} KiB`,
    );
    expect(page).toContain(`\`max_token_bytes\` allows up to ${MAX_TOKEN_BYTES / 1024} KiB`);
  });

  it.each(PRESET_NAMES)('says of %s what its row says', (name) => {
    expect(page.split('\n')).toContain(rowOf(name, PRESETS[name]));
  });
});
