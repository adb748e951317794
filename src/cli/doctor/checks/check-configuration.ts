import type { Configuration } from '../../config/read-configuration.ts';
import { problemLine } from '../../config/read-configuration.ts';
import type { Diagnosis } from '../check.ts';
import { failed, ok, warning } from '../check.ts';

/** Doctor's check that the service would start with these settings and keys. The policy has its own check. Pure. */
export function configurationFinding({ problems, ignored, settings }: Configuration): Diagnosis {
  const lines = problems.map(problemLine);
  if (lines.length > 0) {
    return failed(`is refused: ${lines.length === 1 ? 'one problem' : `${lines.length} problems`}`, REMEDY, {
      lines,
      details: { problems: lines },
    });
  }
  const without = ignored.map(problemLine);
  if (settings.INSECURE_DEV === true) {
    return warning(
      'is complete, with INSECURE_DEV=1: plain http is allowed on loopback',
      'Right for local work. Remove it anywhere else.',
      { lines: without },
    );
  }
  return ok('is complete, and nothing in it contradicts', without.length === 0 ? {} : { lines: without });
}

const REMEDY = 'Fix these settings (docs/config.md); the service does not start with them.';
