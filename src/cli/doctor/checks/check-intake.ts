import type { IntakeName } from '../../../audit/intake/intakes.ts';
import { INTAKES } from '../../../audit/intake/intakes.ts';
import type { Settings } from '../../../config/schema.ts';
import type { HttpExchange } from '../../../ports/http.ts';
import type { Diagnosis } from '../check.ts';
import { failed, ok } from '../check.ts';
import { PROBE_DEADLINES, UNANSWERED } from '../probe.ts';
import type { Probe } from '../probe.ts';

/**
 * Doctor's check that the intake of the http sink answers. It sends neither credentials nor a record, so nothing is
 * stored and no token reaches a wrong address. Whether the credentials are accepted, only a record shows. Pure.
 */
export interface IntakeSettings {
  readonly preset: IntakeName;
  readonly url: URL;
}

const MAX_ANSWER_BYTES = 64 * 1024;
const ADDRESS = 'Check AUDIT_HTTP_URL; docs/audit-intakes.md has the address of each preset.';

/** Null where the http sink is not used, or where one of its settings is refused. */
export function intakeOf(settings: Partial<Settings>): IntakeSettings | null {
  const { AUDIT_SINKS: sinks, AUDIT_HTTP_PRESET: preset, AUDIT_HTTP_URL: address } = settings;
  const url = URL.parse(address ?? '');
  return sinks?.includes('http') === true && preset !== undefined && url !== null ? { preset, url } : null;
}

export function intakeProbeRequest({ preset, url }: IntakeSettings, version: string): HttpExchange {
  return {
    method: 'GET',
    url: INTAKES[preset].probe.address(url),
    headers: {
      accept: 'application/json',
      'accept-encoding': 'identity',
      'user-agent': `galileo-invite-proxy/${version}`,
    },
    body: null,
    deadlines: PROBE_DEADLINES,
    maxResponseBytes: MAX_ANSWER_BYTES,
  };
}

export function intakeFinding({ result }: Probe, { preset, url }: IntakeSettings): Diagnosis {
  // A long page is an answer, too: the origin can be reached.
  if (result.kind !== 'answered' && result.reason !== 'response_too_large') {
    const { message, remedy } = UNANSWERED[result.reason];
    return failed(message, remedy, { details: { preset, reason: result.reason } });
  }
  const answer =
    result.kind === 'answered'
      ? { ...result, text: new TextDecoder().decode(result.body) }
      : { status: result.status ?? 0, headers: {}, body: new Uint8Array(), text: '' };
  const details = { preset, status: answer.status };
  const problem = INTAKES[preset].probe.problem(answer);
  if (problem !== null) return failed(problem, ADDRESS, { details });
  const over = url.protocol === 'https:' ? 'over TLS' : 'over plain http, on this machine';
  return ok(`answers ${over}; its credentials were not tried`, { details });
}
