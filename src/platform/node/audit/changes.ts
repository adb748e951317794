import type { RecordService } from '../../../audit/record.ts';
import type { Config } from '../../../config/load.ts';
import { settingsDigest } from '../../../config/settings/settings-digest.ts';
import type { ReportedChange } from '../../../ledger/records/change-report.ts';
import { createChangeReporter } from '../../../ledger/records/change-reporter.ts';
import type { KeptPolicy } from '../../../ledger/records/change-reporter.ts';
import type { Ledger } from '../../../ledger/port.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Logger } from '../../../ports/logger.ts';
import type { Schedule } from '../../../ports/schedule.ts';
import type { Secrets } from '../../../ports/secrets.ts';
import { runRecurring } from '../../../tasks/recurring.ts';
import { createSecretFingerprint } from '../../../upstream/sign-in/secret-fingerprint.ts';
import { watchKeys } from '../../../upstream/watch-keys.ts';
import type { PolicyRecord } from '../policy/reload.ts';
import { UndoneStepError } from '../process/shutdown.ts';
import type { ShutdownStep } from '../process/shutdown.ts';

/**
 * The records of what changes in a service on Node: its start and stop, its policy and its keys. Where this process is the
 * only one that uses the ledger, all that it sees is a change. Replicas that share one find most of it as another has
 * recorded it (change-report.ts). What could not be written is tried
 * again by a recurring task. Before `begin` and after the stop nothing is written: a policy is then not taken.
 */
export interface NodeChanges {
  readonly policy: PolicyRecord;
  /** Reports the keys that these secrets hold, now and whenever they change. */
  watch(secrets: Secrets): Secrets;
  /** Writes the start, the keys and the policy. Rejects when the ledger cannot take them. */
  begin(start: NodeStart): Promise<void>;
  /** Woken after each further record, so that no record waits for a request. */
  deliverWith(delivery: { wake(): void }): void;
  /** To be run when no request is under way any more, and before the last checkpoint. */
  readonly shutdown: ShutdownStep;
}

export interface NodeStart {
  readonly ledger: Ledger;
  /** Other processes may use the ledger. */
  readonly isShared: boolean;
  readonly secrets: Secrets;
  readonly policy: KeptPolicy;
  /** Of the key that signs checkpoints; null when they are not signed. */
  readonly checkpointKey: string | null;
}

export interface NodeChangesDeps {
  readonly config: Config;
  readonly service: RecordService;
  /** With its version. */
  readonly runtime: string;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly logger: Logger;
}

const RETRY_MS = 10_000;

export function createNodeChanges({ config, service, runtime, clock, schedule, logger }: NodeChangesDeps): NodeChanges {
  const { settings } = config;
  let open: Ledger | null = null;
  /** Open for reading before anything is written. */
  let readable: Ledger | null = null;
  /** Of what this process finds when it starts, and of what each replica sees for itself. */
  let seen: 'changed' | 'found' = 'changed';
  let delivery = { wake: (): void => undefined };
  let stopRetrying = async (): Promise<void> => undefined;
  const ledger: Pick<Ledger, 'recordChanges'> = {
    recordChanges: async (reports) => {
      if (open === null) throw new Error('the ledger is not open');
      const answers = await open.recordChanges(reports);
      delivery.wake();
      return answers;
    },
  };
  const reporter = createChangeReporter({ ledger, service, clock, logger });
  /** One at a time: what is queued would be written twice otherwise. */
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = async <T>(write: () => Promise<T>): Promise<T> => {
    const turn = last.then(write);
    last = turn.catch(() => undefined);
    return await turn;
  };
  const flush = (): Promise<void> => inTurn(() => reporter.flush());
  const noteAndFlush = (change: ReportedChange): void => {
    reporter.note(change, seen);
    if (open !== null) void flush();
  };

  return {
    policy: {
      async take(policy) {
        await inTurn(() => reporter.takePolicy(policy, seen));
      },
      refuse: ({ kept, problems, textSha256 }) =>
        noteAndFlush({ what: 'policy_refused', kept, problems, text_sha256: textSha256 }),
    },
    watch: (secrets) =>
      watchKeys(secrets, {
        isNextSet: settings.GALILEO_API_KEY_NEXT !== null || settings.GALILEO_API_KEY_NEXT_FILE !== null,
        fingerprintOf: createSecretFingerprint({
          scheme: settings.GALILEO_AUTH,
          ledger: () => readable,
          baseUrl: settings.GALILEO_API_URL,
          username: settings.GALILEO_USERNAME,
        }),
        onKey: ({ slot, fingerprint: to }) => noteAndFlush({ what: 'key_slot_changed', slot, to }),
      }),
    async begin({ ledger: opened, isShared, secrets, policy, checkpointKey }) {
      if (isShared) seen = 'found';
      reporter.note({ what: 'service_started', runtime, settings_sha256: settingsDigest(config) }, 'changed');
      readable = opened;
      await secrets.galileoKeys();
      reporter.note({ what: 'checkpoint_key_changed', to: checkpointKey }, seen);
      open = opened;
      await inTurn(() => reporter.takePolicy(policy, seen));
      stopRetrying = runRecurring(RETRY_MS, flush, { schedule, logger });
    },
    deliverWith(trailDelivery) {
      delivery = trailDelivery;
    },
    shutdown: {
      name: 'record of the stop',
      async run() {
        await stopRetrying();
        reporter.note({ what: 'service_stopped' }, 'changed');
        await flush();
        open = null;
        if (reporter.isWaiting())
          throw new UndoneStepError(
            'the stop is not on record, because the ledger did not take it: the line ledger_write_failed says why',
          );
      },
    },
  };
}
