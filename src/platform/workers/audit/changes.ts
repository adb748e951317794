import type { RecordService } from '../../../audit/record.ts';
import type { Config } from '../../../config/load.ts';
import { settingsDigest } from '../../../config/settings/settings-digest.ts';
import { createChangeReporter } from '../../../ledger/records/change-reporter.ts';
import type { Ledger } from '../../../ledger/port.ts';
import type { Background } from '../../../ports/background.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Logger } from '../../../ports/logger.ts';
import type { Secrets } from '../../../ports/secrets.ts';
import { createSecretFingerprint } from '../../../upstream/sign-in/secret-fingerprint.ts';
import { watchKeys } from '../../../upstream/watch-keys.ts';
import type { PolicyRecord } from '../policy/source.ts';

/**
 * The records of what changes in a deployment on Workers. Many isolates run at once, start and end at any time, and none
 * knows whether it is the first: each reports what it finds, and the ledger writes it once (change-report.ts). An isolate
 * has no end, so there is no record of a stop. What could not be written is tried again with a later request.
 */
export interface WorkersChanges {
  readonly policy: PolicyRecord;
  /** Reports the keys that these secrets hold, now and whenever they change. */
  watch(secrets: Secrets): Secrets;
  /** To be called with each request. */
  retry(): void;
}

export interface WorkersChangesDeps {
  readonly config: Config;
  readonly ledger: Pick<Ledger, 'recordChanges' | 'signInSalt'>;
  readonly service: RecordService;
  readonly isNextKeySet: boolean;
  readonly clock: Clock;
  readonly background: Background;
  readonly logger: Logger;
}

const RETRY_MS = 30_000;

export function createWorkersChanges(deps: WorkersChangesDeps): WorkersChanges {
  const { config, ledger, service, isNextKeySet, clock, background } = deps;
  const { settings } = config;
  const reporter = createChangeReporter(deps);
  let triedAt = clock.now();
  const flush = (): void => {
    triedAt = clock.now();
    background.run(reporter.flush());
  };
  // It is written together with the isolate's first policy.
  reporter.note(
    { what: 'service_started', runtime: service.runtime, settings_sha256: settingsDigest(config) },
    'found',
  );

  return {
    policy: {
      take: (policy, seen) => reporter.takePolicy(policy, seen),
      refuse({ kept, problems, textSha256 }) {
        reporter.note({ what: 'policy_refused', kept, problems, text_sha256: textSha256 }, 'found');
        flush();
      },
    },
    watch: (secrets) =>
      watchKeys(secrets, {
        isNextSet: isNextKeySet,
        fingerprintOf: createSecretFingerprint({
          scheme: settings.GALILEO_AUTH,
          ledger: () => ledger,
          baseUrl: settings.GALILEO_API_URL,
          username: settings.GALILEO_USERNAME,
        }),
        onKey({ slot, fingerprint: to, isChange }) {
          reporter.note({ what: 'key_slot_changed', slot, to }, isChange ? 'changed' : 'found');
          flush();
        },
      }),
    retry() {
      if (reporter.isWaiting() && Math.abs(clock.now() - triedAt) >= RETRY_MS) flush();
    },
  };
}
