/** The rules that join the settings of the console's sign-in (settings-console). Pure. No message quotes a value. */
import { issuerUrlProblem } from '../auth/issuers.ts';
import type { ConfigProblem, IsSet } from './contradictions.ts';
import type { Settings } from './schema.ts';

const OF_SIGN_IN = ['CONSOLE_ISSUER', 'CONSOLE_CLIENT_ID', 'CONSOLE_SCOPE', 'CONSOLE_AUDIENCE'] as const;
/** Both, or no sign-in. */
const PAIR = ['CONSOLE_ISSUER', 'CONSOLE_CLIENT_ID'] as const;

export function consoleContradictions(
  { PAGES: pages, CONSOLE_ISSUER: issuer = null, INSECURE_DEV: insecureDev = false }: Partial<Settings>,
  isSet: IsSet,
): ConfigProblem[] {
  const given = OF_SIGN_IN.filter(isSet);
  if (given.length === 0) return [];
  if (pages === false)
    return given.map((setting) => ({ setting, message: 'has no effect: PAGES is off, so there is no console' }));
  const missing = PAIR.filter((name) => !isSet(name));
  const problem = issuer === null ? null : issuerUrlProblem(issuer, { insecureDev });
  return [
    ...missing.map((setting) => ({ setting, message: `must be set beside ${given.join(', ')}` })),
    ...(problem === null ? [] : [{ setting: 'CONSOLE_ISSUER', message: problem }]),
  ];
}
