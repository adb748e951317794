import type { CurrentUser } from '../../../upstream/current-user.ts';
import { ROLES_THAT_INVITE } from '../../../upstream/current-user.ts';
import type { Diagnosis } from '../check.ts';
import { API_ADDRESS } from '../advice/api-address.ts';
import { failed, ok, warning } from '../check.ts';
import { readMisleading } from '../advice/misleading-answer.ts';
import { UNANSWERED } from '../probe.ts';
import type { Probe } from '../probe.ts';

/**
 * Doctor's checks of Galileo and of its keys, from the answers to a request without a key and to one with it. Pure. Of
 * the content of an answer, only the role and the permissions are reported, and of a redirect the origin it leads to.
 */
const TRY_LATER = 'Try again; if it stays so, ask the operators of Galileo.';

export interface AddressFacts {
  readonly isTls: boolean;
  /** From `suspectAddress`. */
  readonly suspect?: string | null;
}

export function upstreamFinding({ result }: Probe, { isTls, suspect = null }: AddressFacts): Diagnosis {
  const remedy = suspect ?? API_ADDRESS;
  if (result.kind !== 'answered') {
    const words = UNANSWERED[result.reason];
    return failed(words.message, suspect ?? words.remedy, { details: { reason: result.reason } });
  }
  const { status } = result;
  const details = { status };
  const misled = readMisleading(result);
  if (misled !== null) return failed(misled.message, misled.remedy ?? remedy, { details });
  if (status >= 500) return failed(`answers with status ${status}`, TRY_LATER, { details });
  if (status === 404 || status === 405) {
    return warning(`answers, but knows no /v2/current_user (status ${status})`, remedy, { details });
  }
  const message = isTls ? 'answers over TLS' : 'answers over plain http, as INSECURE_DEV allows on loopback';
  return suspect === null
    ? ok(message, { details })
    : warning(`${message}, but GALILEO_API_URL looks wrong`, suspect, { details });
}

/** Whether the answer to the request without a key shows that the key must not be sent there. */
export function leadsElsewhere({ result }: Probe): boolean {
  return result.kind === 'answered' && readMisleading(result) !== null;
}

export interface KeySlot {
  /** The current key, the next one, or a user name with its password. */
  readonly slot: 'current' | 'next' | 'password';
  /** Null: that of a password is not known without a ledger. */
  readonly fingerprint: string | null;
}

export const SIGN_IN_REMEDY =
  'Correct GALILEO_USERNAME and the password (GALILEO_PASSWORD_FILE needs no restart), and look in Galileo whether the account is ' +
  'locked. Check that it belongs to this GALILEO_API_URL, and that GALILEO_AUTH names a scheme that this server takes.';

const REFUSED_REMEDIES = {
  current:
    'Create a key in Galileo for a service account and set it (GALILEO_API_KEY_FILE needs no restart). Check that it belongs to this GALILEO_API_URL.',
  next: 'Put a key that works into GALILEO_API_KEY_NEXT before the current one is revoked.',
  password: SIGN_IN_REMEDY,
} as const satisfies Record<KeySlot['slot'], string>;

export function keyFinding(answer: CurrentUser, { slot, fingerprint }: KeySlot): Diagnosis {
  const details = { key_fingerprint: fingerprint };
  // The next key is not in use yet, so its failure is only a warning.
  const bad = slot === 'next' ? warning : failed;
  switch (answer.kind) {
    case 'unanswered': {
      const { message, remedy } = UNANSWERED[answer.reason];
      return bad(`could not be tried: Galileo ${message}`, remedy, { details: { ...details, reason: answer.reason } });
    }
    case 'rejected':
      return bad(`is refused by Galileo (status ${answer.status})`, REFUSED_REMEDIES[slot], {
        details: { ...details, status: answer.status },
      });
    case 'wrong_address':
      return bad(`could not be tried: this is not Galileo’s API (status ${answer.status})`, API_ADDRESS, {
        details: { ...details, status: answer.status },
      });
    case 'other_status':
      return otherStatus(answer.status, bad, details);
    case 'unreadable':
      return warning(UNREADABLE[answer.reason], API_ADDRESS, { details: { ...details, status: answer.status } });
    case 'accepted':
      return roleFinding(answer, details);
  }
}

type KeyDetails = { readonly key_fingerprint: string | null };

function otherStatus(status: number, bad: typeof failed, known: KeyDetails): Diagnosis {
  const details = { ...known, status };
  if (status >= 300 && status < 400) {
    return bad(`could not be tried: Galileo redirects (status ${status}), which is never followed`, API_ADDRESS, {
      details,
    });
  }
  if (status === 404 || status === 405) {
    return warning(`could not be tried: this server has no /v2/current_user (status ${status})`, API_ADDRESS, {
      details,
    });
  }
  if (status === 429)
    return warning('could not be tried: Galileo limits its rate (status 429)', TRY_LATER, { details });
  return bad(`could not be tried: Galileo answers with status ${status}`, TRY_LATER, { details });
}

function roleFinding({ role, permissions }: Extract<CurrentUser, { kind: 'accepted' }>, known: KeyDetails): Diagnosis {
  const details = { ...known, role, permissions };
  if (role === null) {
    return warning(
      'is accepted, but the answer names no role, so whether it may invite is not known',
      'Look its account up in Galileo: it needs the role admin or manager.',
      { details },
    );
  }
  if (!ROLES_THAT_INVITE.includes(role)) {
    return warning(
      `is accepted with the role ${role}, which may not invite by Galileo’s documentation`,
      'Give its account the role admin or manager in Galileo, or use the key of an account that has it.',
      { details },
    );
  }
  return ok(`is accepted with the role ${role}${role === 'manager' ? ' (managers add no admins)' : ''}`, { details });
}

/** Each message says that the answer does not have the documented shape. None shows the answer. */
const UNREADABLE = {
  not_json: 'was sent and answered with a success that is no JSON: perhaps a sign-in page, not the API',
  other_shape: 'was sent and answered with a success of another shape than GET /v2/current_user is documented to have',
  holds_key: 'was sent and came back in the answer, which is not shown',
} as const satisfies Record<Extract<CurrentUser, { kind: 'unreadable' }>['reason'], string>;
