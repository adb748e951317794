import type { Settings } from '../config/schema.ts';
import type { Ledger } from '../ledger/port.ts';
import type { OpenPolicyFileResult } from '../platform/node/policy/source.ts';
import type { Clock } from '../ports/clock.ts';
import type { FetchDocument } from '../ports/fetch-document.ts';
import type { Schedule } from '../ports/schedule.ts';
import type { Secrets } from '../ports/secrets.ts';
import type { HttpPort } from '../ports/http.ts';
import type { AuditPorts } from './audit/ports.ts';
import type { LedgerFacts } from './doctor/ledger-facts.ts';

/**
 * Every effect a command may have. Types only; src/cli.ts chooses the adapters, which are the service's own wherever
 * the service has one, so that what a command finds is what the service would meet. Nothing here writes but `print`,
 * `complain` and `openLedgerBeside`.
 */
export interface CliDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Rejects when the file cannot be read. */
  readonly readText: (path: string) => Promise<string>;
  readonly isFile: (path: string) => Promise<boolean>;
  readonly openPolicy: (path: string, issuers: readonly string[]) => Promise<OpenPolicyFileResult>;
  readonly openKeys: (settings: KeySettings) => Promise<OpenedKeys>;
  /** What is wrong with the keys of the audit trail: sentences that begin with the setting's name and hold no secret. */
  readonly auditSecretProblems: (settings: Partial<Settings>) => Promise<readonly string[]>;
  /** Looks at the ledger without changing it. */
  readonly inspectLedger: (path: string) => Promise<LedgerFacts>;
  /** For one short write beside a running service, which learns of it when it next looks. */
  readonly openSideWriter: (path: string) => Promise<OpenedLedger>;
  /** The ledger's records, oldest first, as stored; throws when it cannot be read. */
  readonly readTrail: (path: string, ledger: { readonly inUse: boolean }) => Iterable<string>;
  readonly audit: AuditPorts;
  /** For users other than root, on the file system that holds `path` or would; null when it cannot be told. */
  readonly freeBytes: (path: string) => Promise<number | null>;
  /** Of whoever runs this; null when the system has no name for them. */
  readonly userName: () => string | null;
  readonly http: HttpPort;
  readonly fetchDocument: FetchDocument;
  readonly clock: Clock;
  /** Unlike the service's, a pending timer keeps the process alive. */
  readonly schedule: Schedule;
  /** To stdout: results. */
  readonly print: (text: string) => void;
  /** To stderr: what went wrong with the command itself. */
  readonly printError: (text: string) => void;
  /** Colours for a terminal, or nothing. */
  readonly paint: Paint;
}

export type Paint = (style: 'green' | 'yellow' | 'red' | 'dim' | 'bold', text: string) => string;

export type KeySettings = Partial<
  Pick<Settings, 'GALILEO_API_KEY' | 'GALILEO_API_KEY_FILE' | 'GALILEO_API_KEY_NEXT' | 'GALILEO_API_KEY_NEXT_FILE'>
>;

export type OpenedLedger =
  | {
      readonly kind: 'opened';
      readonly ledger: Pick<Ledger, 'find' | 'list' | 'settle'> & { close(): Promise<void> };
    }
  /** In words for whoever runs this. */
  | { readonly kind: 'refused'; readonly message: string };

export type OpenedKeys =
  | { readonly kind: 'opened'; readonly secrets: Secrets }
  /** Sentences that begin with the setting's name and hold no secret. */
  | { readonly kind: 'refused'; readonly problems: readonly string[] };
