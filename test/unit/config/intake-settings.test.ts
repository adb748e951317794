import { describe, expect, it } from 'vitest';
import { keyCandidates } from '../../../src/config/key-candidates.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { createKeySearch } from '../../../src/upstream/api-keys.ts';

type Env = Readonly<Record<string, string>>;

const GOOD: Env = {
  GALILEO_API_KEY: 'a-good-key-0123456789',
  AUTH_ISSUERS: '[{"name":"corp","issuer":"https://login.example.com","audience":"invites"}]',
};
const TOKEN = 'intake-token-5f0c2b7a91';

async function problemsOf(env: Env, bound: ReadonlySet<string> = new Set()): Promise<string[]> {
  const readText = (): Promise<string> => Promise.reject(new Error('ENOENT'));
  const loaded = await loadConfig({ env: { ...GOOD, ...env }, readText, bound });
  return loaded.kind === 'refused' ? loaded.problems.map(({ setting, message }) => `${setting} ${message}`) : [];
}

const to = (preset: string, url: string, more: Env = {}): Env => ({
  AUDIT_SINKS: 'http',
  AUDIT_HTTP_PRESET: preset,
  AUDIT_HTTP_URL: url,
  AUDIT_HTTP_TOKEN: TOKEN,
  ...more,
});

const SENTINEL =
  'https://dce-x1.westeurope-1.ingest.monitor.azure.com/dataCollectionRules/dcr-0a1b/streams/Custom-Invites';

describe('the address of an intake', () => {
  it.each([
    ['ndjson', 'https://collector.example.com/'],
    ['ndjson', 'https://splunk.example.com:8088/services/collector/raw'],
    ['splunk-hec', 'https://splunk.example.com:8088/services/collector'],
    ['splunk-hec', 'https://http-inputs-acme.splunkcloud.com/services/collector/event'],
    ['splunk-hec', 'https://proxy.example.com/splunk/services/collector/event/1.0?index=audit'],
    ['elastic-bulk', 'https://elastic.example.com:9243/invite-audit/_bulk'],
    ['elastic-bulk', 'https://proxy.example.com/search/logs-invites-default/_bulk?pipeline=invites'],
    ['datadog', 'https://http-intake.logs.datadoghq.eu/api/v2/logs?ddtags=env:prod'],
    ['json-array', 'https://0e00c5ff.ingest.cloudflare.com'],
    ['json-array', `${SENTINEL}?api-version=2023-01-01`],
  ])('is taken for %s: %s', async (preset, url) => {
    expect(await problemsOf(to(preset, url))).toEqual([]);
  });

  it.each([
    [
      'splunk-hec',
      'https://splunk.example.com:8088',
      'must end in /services/collector/event for the preset splunk-hec',
    ],
    [
      'splunk-hec',
      'https://splunk.example.com:8088/services/collector/raw',
      'must end in /services/collector/event: the raw endpoint takes no events in JSON',
    ],
    [
      'elastic-bulk',
      'https://elastic.example.com/_bulk',
      'must name the index or the data stream before /_bulk, as in /invite-audit/_bulk',
    ],
    [
      'elastic-bulk',
      'https://elastic.example.com/invite-audit',
      'must end in /INDEX/_bulk for the preset elastic-bulk, as in /invite-audit/_bulk',
    ],
    [
      'datadog',
      'https://http-intake.logs.datadoghq.eu/v1/input',
      'must end in /api/v2/logs for the preset datadog, as in https://http-intake.logs.datadoghq.eu/api/v2/logs',
    ],
    [
      'json-array',
      SENTINEL,
      'must end in /dataCollectionRules/RULE/streams/STREAM?api-version=2023-01-01 for the Logs Ingestion API',
    ],
    [
      'ndjson',
      'https://splunk.example.com:8088/services/collector/event',
      'is an address of Splunk HEC: set AUDIT_HTTP_PRESET=splunk-hec',
    ],
    [
      'ndjson',
      'https://elastic.example.com/invite-audit/_bulk',
      'is an address of the bulk interface of Elasticsearch or OpenSearch: set AUDIT_HTTP_PRESET=elastic-bulk',
    ],
    [
      'splunk-hec',
      'https://http-intake.logs.datadoghq.eu/api/v2/logs',
      'is an address of Datadog: set AUDIT_HTTP_PRESET=datadog',
    ],
    ['ndjson', SENTINEL, 'is an address of an intake of JSON arrays: set AUDIT_HTTP_PRESET=json-array'],
  ])('is refused for %s with what it must look like: %s', async (preset, url, problem) => {
    expect(await problemsOf(to(preset, url))).toEqual([`AUDIT_HTTP_URL ${problem}`]);
  });

  it('is that of a receiver of lines where no preset is set', async () => {
    const env = { AUDIT_SINKS: 'http', AUDIT_HTTP_URL: 'https://splunk.example.com/services/collector/event' };
    expect(await problemsOf(env)).toEqual([
      'AUDIT_HTTP_URL is an address of Splunk HEC: set AUDIT_HTTP_PRESET=splunk-hec',
    ]);
  });
});

describe('the preset', () => {
  it.each([
    ['splunk', 'splunk-hec'],
    ['OpenSearch', 'elastic-bulk'],
    ['sentinel', 'json-array'],
    ['datdog', 'datadog'],
  ])('%s is answered with the name that it means', async (given, meant) => {
    expect(await problemsOf(to(given, 'https://collector.example.com/'))).toEqual([
      `AUDIT_HTTP_PRESET must be ndjson, splunk-hec, elastic-bulk, datadog or json-array; did you mean ${meant}?`,
    ]);
  });

  it('has no effect without the http sink, and neither have its fields', async () => {
    expect(await problemsOf({ AUDIT_HTTP_PRESET: 'datadog', AUDIT_HTTP_HEADERS: 'x-tenant=blue' })).toEqual([
      'AUDIT_HTTP_PRESET has no effect: AUDIT_SINKS does not have http',
      'AUDIT_HTTP_HEADERS has no effect: AUDIT_SINKS does not have http',
    ]);
  });
});

describe('the credentials of an intake', () => {
  const HEC = 'https://splunk.example.com:8088/services/collector/event';
  const without = (preset: string, url: string, more: Env = {}): Env =>
    to(preset, url, { AUDIT_HTTP_TOKEN: '', ...more });

  it('are asked for where an intake takes nothing without them', async () => {
    expect(await problemsOf(without('splunk-hec', HEC))).toEqual([
      'AUDIT_HTTP_TOKEN_FILE must be set: the preset splunk-hec needs a token',
    ]);
    expect(await problemsOf(without('datadog', 'https://http-intake.logs.datadoghq.com/api/v2/logs'))).toEqual([
      'AUDIT_HTTP_TOKEN_FILE must be set: the preset datadog needs a token',
    ]);
    expect(await problemsOf(without('elastic-bulk', 'https://elastic.example.com/invite-audit/_bulk'))).toEqual([]);
  });

  it('may be in a field of their own, or in a secret store', async () => {
    expect(await problemsOf(without('splunk-hec', HEC, { AUDIT_HTTP_HEADERS: 'Authorization=Splunk%20abc' }))).toEqual(
      [],
    );
    expect(await problemsOf(without('splunk-hec', HEC, { AUDIT_HTTP_HEADERS: 'x-tenant=blue' }))).toHaveLength(1);
    for (const name of ['AUDIT_HTTP_TOKEN', 'AUDIT_HTTP_HEADERS'])
      expect(await problemsOf(without('splunk-hec', HEC), new Set([name]))).toEqual([]);
  });

  it('are refused in two places', async () => {
    const twice = to('splunk-hec', HEC, { AUDIT_HTTP_HEADERS: 'authorization=Splunk%20abc' });
    expect(await problemsOf(twice)).toEqual([
      'AUDIT_HTTP_HEADERS has authorization, which AUDIT_HTTP_TOKEN sets; keep one',
    ]);
    const ofDatadog = to('datadog', 'https://http-intake.logs.datadoghq.com/api/v2/logs', {
      AUDIT_HTTP_TOKEN: '',
      AUDIT_HTTP_TOKEN_FILE: '/run/secrets/key',
      AUDIT_HTTP_HEADERS: 'DD-API-KEY=abc',
    });
    expect(await problemsOf(ofDatadog)).toEqual([
      'AUDIT_HTTP_HEADERS has dd-api-key, which AUDIT_HTTP_TOKEN_FILE sets; keep one',
    ]);
  });

  it.each([
    'content-length=7',
    'host=a.example.com',
    'Content-Type=text%2Fplain',
    'user-agent=x',
    'a=1,a=2',
    'x',
    'a=%E0',
  ])('refuse the fields %s, without quoting them', async (list) => {
    const [problem = '', ...more] = await problemsOf(to('splunk-hec', HEC, { AUDIT_HTTP_HEADERS: list }));
    expect(more).toEqual([]);
    expect(problem).toMatch(/^AUDIT_HTTP_HEADERS must be name=value pairs, /);
    expect(problem).not.toContain(list);
  });

  it('refuse the fields that describe a batch', async () => {
    const env = to('ndjson', 'https://collector.example.com/', { AUDIT_HTTP_HEADERS: 'ce-id=1' });
    expect(await problemsOf(env)).toEqual(['AUDIT_HTTP_HEADERS has a field that begins with ce-: the sink sets those']);
  });

  it('are among the secrets that tools search their output for', async () => {
    const env = { AUDIT_HTTP_HEADERS: 'authorization=Basic%20Y29sbGVjdG9yOnNlc2FtZQ==' };
    const holdsKey = createKeySearch(await keyCandidates({ env, readText: () => Promise.reject(new Error('none')) }));
    expect(holdsKey('sent Y29sbGVjdG9yOnNlc2FtZQ== to it')).toBe(true);
  });
});
