import { describe, expect, it } from 'vitest';
import { unknownSettings } from '../../../../src/config/reading/unknown-settings.ts';

const judge = (env: Readonly<Record<string, string>>) => {
  const { problems, ignored } = unknownSettings(env);
  const lines = (all: typeof problems): string[] => all.map(({ setting, message }) => `${setting} ${message}`);
  return { problems: lines(problems), ignored: lines(ignored) };
};
const problemsOf = (name: string): string[] => judge({ [name]: 'x' }).problems;

describe('an unknown setting', () => {
  it.each([
    ['GALILEO_APIKEY', 'GALILEO_API_KEY'],
    ['GALILEO_API_TOKEN', 'GALILEO_API_KEY'],
    ['GALILEO_URL', 'GALILEO_API_URL'],
    ['POLICY_FIEL', 'POLICY_FILE'],
    ['AUTH_ISSUER', 'AUTH_ISSUERS'],
    ['CORS_ORIGIN', 'CORS_ORIGINS'],
    ['AUDIT_SINK', 'AUDIT_SINKS'],
    ['OPS_PROT', 'OPS_PORT'],
    ['AUDIT_SIGNING_KEYFILE', 'AUDIT_SIGNING_KEY_FILE'],
  ])('%s stops the start, with the nearest known name', (name, meant) => {
    expect(problemsOf(name)).toEqual([`${name} is not a setting of this service; did you mean ${meant}?`]);
  });

  it('that resembles none stops it with the page that lists them', () => {
    expect(problemsOf('CONSOLE_X')).toEqual(['CONSOLE_X is not a setting of this service; see docs/config.md']);
  });
});

describe('a setting of Galileo’s SDK', () => {
  it.each([
    ['GALILEO_CONSOLE_URL', '; this service sends to GALILEO_API_URL'],
    ['GALILEO_USERNAME', '; GALILEO_AUTH says how this service signs in'],
    ['GALILEO_PASSWORD', '; GALILEO_AUTH says how this service signs in'],
    ['GALILEO_JWT_TOKEN', '; GALILEO_AUTH says how this service signs in'],
    ['GALILEO_SSO_ID_TOKEN', '; GALILEO_AUTH says how this service signs in'],
    ['GALILEO_SSO_PROVIDER', '; GALILEO_AUTH says how this service signs in'],
    ['GALILEO_LOG_LEVEL', '; the setting of this service is LOG_LEVEL'],
    ['GALILEO_PROJECT', ''],
    ['GALILEO_PROJECT_ID', ''],
    ['GALILEO_PROJECT_NAME', ''],
    ['GALILEO_LOG_STREAM', ''],
    ['GALILEO_LOG_STREAM_ID', ''],
    ['GALILEO_LOG_STREAM_NAME', ''],
    ['GALILEO_MODE', ''],
    ['GALILEO_LOGGING_DISABLED', ''],
    ['GALILEO_DISABLE_LOGGING', ''],
    ['GALILEO_DEFAULT_SCORER_MODEL', ''],
    ['GALILEO_CODE_VALIDATION_TIMEOUT', ''],
    ['GALILEO_INGEST_BETA_DISABLED', ''],
    ['GALILEO_EXPERIMENT_NAME', ''],
    ['GALILEO_PROTECT_STAGE_ID', ''],
  ])('is ignored and named: %s', (name, instead) => {
    expect(judge({ [name]: 'x' })).toEqual({
      problems: [],
      ignored: [`${name} is a setting of Galileo’s SDK and is ignored here${instead}`],
    });
  });
});

describe('a variable that a platform injects', () => {
  it.each([
    ['GALILEO_PORT', 'tcp://10.0.0.7:80'],
    ['GALILEO_PORT_443_TCP_ADDR', '10.0.0.7'],
    ['AUDIT_SERVICE_HOST', '10.0.0.7'],
    ['POLICY_SERVICE_PORT_HTTPS', '443'],
  ])('for a Service of Kubernetes is ignored: %s', (name, value) => {
    expect(judge({ [name]: value })).toEqual({ problems: [], ignored: [] });
  });

  it('for a link of Docker is ignored, and only beside the port of that link', () => {
    const link = { GALILEO_NAME: '/proxy/galileo', GALILEO_ENV_PATH: '/bin' };
    expect(judge({ ...link, GALILEO_PORT: 'tcp://172.17.0.2:80' }).problems).toEqual([]);
    expect(judge(link).problems).toHaveLength(2);
  });
});

describe('the name of a setting in another spelling', () => {
  it.each([
    ['\uFEFFPORT', 'PORT has a byte order mark before its name: save its file as UTF-8 without one'],
    [
      '\uFEFFGALILEO_API_KEY',
      'GALILEO_API_KEY has a byte order mark before its name: save its file as UTF-8 without one',
    ],
    ['export GALILEO_API_KEY', 'GALILEO_API_KEY has a space or “export” before or behind its name: remove it'],
    ['PORT ', 'PORT has a space or “export” before or behind its name: remove it'],
    ['galileo_api_key', 'GALILEO_API_KEY is set under another spelling; the name is GALILEO_API_KEY'],
    ['galileo-api-key', 'GALILEO_API_KEY is set under another spelling; the name is GALILEO_API_KEY'],
    ['Auth_Issuers', 'AUTH_ISSUERS is set under another spelling; the name is AUTH_ISSUERS'],
  ])('is named: %j', (name, problem) => {
    expect(problemsOf(name)).toEqual([problem]);
  });

  it('is left to other programs beside the setting itself, and where it is of none of its own prefixes', () => {
    expect(judge({ GALILEO_API_KEY: 'x', galileo_api_key: 'x' }).problems).toEqual([]);
    for (const name of ['port', 'host', 'log_level', 'galileo_expdb_driver', 'PATH', 'npm_config_x'])
      expect(problemsOf(name)).toEqual([]);
  });
});
