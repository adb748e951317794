/**
 * Rules that join the settings about signing in to Galileo (GALILEO_AUTH). Pure. Each scheme has its own secret; one of
 * another scheme beside it is a mistake, because its operator expects an effect. No message quotes a value.
 */
import type { ConfigProblem, IsSet } from './contradictions.ts';
import type { Settings } from './schema.ts';

const OF_KEY = [
  'GALILEO_API_KEY',
  'GALILEO_API_KEY_FILE',
  'GALILEO_API_KEY_NEXT',
  'GALILEO_API_KEY_NEXT_FILE',
] as const;

export function galileoContradictions(settings: Partial<Settings>, isSet: IsSet): ConfigProblem[] {
  const { GALILEO_AUTH: scheme, GALILEO_USERNAME: username } = settings;
  if (scheme === undefined) return [];
  const problems: ConfigProblem[] = [];
  const refuse = (setting: string, message: string): void => void problems.push({ setting, message });
  if (scheme === 'api_key') {
    // GALILEO_USERNAME and GALILEO_PASSWORD are settings of Galileo's SDK, too (reading/unknown-settings).
    if (isSet('GALILEO_PASSWORD_FILE'))
      refuse('GALILEO_PASSWORD_FILE', 'is for GALILEO_AUTH=basic and password; set GALILEO_AUTH, or remove it');
    if (!isSet('GALILEO_API_KEY') && !isSet('GALILEO_API_KEY_FILE')) {
      const instead = isSet('GALILEO_USERNAME') ? '; to sign in with GALILEO_USERNAME, set GALILEO_AUTH' : '';
      refuse('GALILEO_API_KEY', `or GALILEO_API_KEY_FILE must be set${instead}`);
    }
    return problems;
  }
  for (const name of [...OF_KEY, 'GALILEO_API_KEY_HEADER'])
    if (isSet(name)) refuse(name, `is for GALILEO_AUTH=api_key, and GALILEO_AUTH is ${scheme}; remove one`);
  if (!isSet('GALILEO_USERNAME')) refuse('GALILEO_USERNAME', `must be set with GALILEO_AUTH=${scheme}`);
  if (!isSet('GALILEO_PASSWORD') && !isSet('GALILEO_PASSWORD_FILE'))
    refuse('GALILEO_PASSWORD', `or GALILEO_PASSWORD_FILE must be set with GALILEO_AUTH=${scheme}`);
  if (scheme === 'basic' && username?.includes(':') === true)
    refuse('GALILEO_USERNAME', 'holds a colon, which HTTP Basic cannot carry (RFC 7617); use GALILEO_AUTH=password');
  return problems;
}
