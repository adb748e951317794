import { documentUrlProblem } from '../../auth/issuers.ts';
import type { Configuration } from '../config/read-configuration.ts';

/** Whether doctor may ask Galileo at all. Checked again here, before each request, with or without a secret. */
export const UNFIT_UPSTREAM = 'was not asked: GALILEO_API_URL is refused';

/** Null when no request may go to this address. */
export function upstreamAddress({ settings }: Pick<Configuration, 'settings'>): string | null {
  const { GALILEO_API_URL: url, INSECURE_DEV: insecureDev } = settings;
  if (url === undefined) return null;
  return documentUrlProblem(url, { insecureDev: insecureDev === true }) === null ? url : null;
}
