import type { RecordAddress } from '../audit/record-address.ts';
import type { Settings } from '../config/schema.ts';
import type { Ledger } from '../ledger/port.ts';
import type { OpenPolicyFileResult } from '../platform/node/policy/source.ts';
import type { Clock } from '../ports/clock.ts';
import type { FetchDocument } from '../ports/fetch-document.ts';
import type { Schedule } from '../ports/schedule.ts';
import type { Secrets } from '../ports/secrets.ts';
import type { HttpPort } from '../ports/http.ts';
import type { RestoreCall, UnfinishedRestore } from '../platform/node/ledger/copy/begin-restore.ts';
import type { BackupCall, UnfinishedBackup } from '../platform/node/ledger/copy/create-backup.ts';
import type { MoveCall, UnfinishedMove } from '../platform/node/ledger/move/begin-move.ts';
import type { PostgresPlace } from '../config/reading/postgres-url.ts';
import type { PostgresAccess, ServerLedger } from '../platform/node/ledger/postgres/access.ts';
import type { Adoption } from '../platform/node/ledger/postgres/adopt.ts';
import type { PostgresFacts } from '../platform/node/ledger/postgres/inspect-postgres.ts';
import type { ChosenLedger } from '../platform/node/ledger/chosen-ledger.ts';
import type { LedgerReader } from '../ledger/ledger-reader.ts';
import type { SignIns } from '../platform/node/ledger/sign-ins.ts';
import type { AuditPorts } from './audit/ports.ts';
import type { Print } from './command-line/print.ts';
import type { Terminal } from './command-line/terminal.ts';
import type { LedgerFacts } from './doctor/ledger-facts.ts';

/**
 * The ports of the command line: every effect a command may have. Types only. src/cli.ts chooses the adapters: the
 * service's own where the service has one, so that a command finds what the service would find. On this machine only
 * `print`, `printError`, `writeNewText`, `openSideWriter`, `copies`, `moves`, `recordAdoption` and `audit` write. `http` may write elsewhere (`policy push`).
 */
export interface CliDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Rejects with a TextFileError when the file cannot be used. */
  readonly readText: (path: string) => Promise<string>;
  /** Writes a file that is not there yet. Rejects with a CommandError, also when there is one. */
  readonly writeNewText: (path: string, text: string) => Promise<void>;
  readonly isFile: (path: string) => Promise<boolean>;
  readonly openPolicy: (path: string, issuers: readonly string[]) => Promise<OpenPolicyFileResult>;
  readonly openKeys: (settings: KeySettings) => Promise<OpenedKeys>;
  /** Problems with the keys of the audit trail. Each sentence begins with the setting's name and holds no secret. */
  readonly auditSecretProblems: (settings: Partial<Settings>) => Promise<readonly string[]>;
  /**
   * The form in which these settings record an address (AUDIT_EMAILS). Rejects with a CommandError when the key for it
   * cannot be read.
   */
  readonly openRecordAddress: (settings: Partial<Settings>) => Promise<RecordAddress>;
  /** Inspects the ledger without changing it. */
  readonly inspectLedger: (path: string) => Promise<LedgerFacts>;
  /** What the ledger knows of sign-ins to Galileo; null when it cannot be read. Never rejects. */
  readonly readSignIns: (settings: Partial<Settings>, nowMs: number) => Promise<SignIns | null>;
  /** Inspects a ledger in PostgreSQL without changing it. */
  readonly inspectPostgres: (place: PostgresPlace, access: PostgresAccess) => Promise<PostgresFacts>;
  /** For everything that commands read from a ledger. Rejects with a LedgerFileError or a LedgerServerError. */
  readonly openReader: (ledger: ChosenLedger) => Promise<LedgerReader>;
  /**
   * For one short write beside a running service. The service sees the change when it next reads the ledger. Rejects
   * with a CommandError.
   */
  readonly openSideWriter: (ledger: ChosenLedger) => Promise<SideWriter>;
  readonly audit: AuditPorts;
  readonly copies: LedgerCopies;
  readonly moves: LedgerMoves;
  /** Records that a ledger in PostgreSQL was restored; returns the seq of the record. Rejects with a LedgerServerError. */
  readonly recordAdoption: (ledger: ServerLedger, adoption: Adoption) => Promise<number>;
  /** Bytes free to users other than root, on the file system that holds or would hold `path`. Null when unknown. */
  readonly freeBytes: (path: string) => Promise<number | null>;
  /** The name of the system user that runs the command; null when the system has none. */
  readonly userName: () => string | null;
  readonly http: HttpPort;
  readonly fetchDocument: FetchDocument;
  readonly clock: Clock;
  /** A pending timer keeps the process alive, unlike a timer of the service. */
  readonly schedule: Schedule;
  /** To stdout: results. */
  readonly print: Print;
  /** To stderr: what went wrong with the command itself. */
  readonly printError: Print;
  readonly terminal: Terminal;
  /** Colours for a terminal, or nothing. */
  readonly paint: Paint;
}

export type Paint = (style: 'green' | 'yellow' | 'red' | 'dim' | 'bold', text: string) => string;

export type KeySettings = Partial<
  Pick<
    Settings,
    | 'GALILEO_AUTH'
    | 'GALILEO_API_KEY'
    | 'GALILEO_API_KEY_FILE'
    | 'GALILEO_API_KEY_NEXT'
    | 'GALILEO_API_KEY_NEXT_FILE'
    | 'GALILEO_PASSWORD'
    | 'GALILEO_PASSWORD_FILE'
  >
>;

export interface SideWriter extends Pick<Ledger, 'find' | 'settle'> {
  close(): Promise<void>;
}

/** Copies of whole ledgers, with the errors of platform/node/ledger/copy. */
export interface LedgerCopies {
  readonly createBackup: (call: BackupCall) => Promise<UnfinishedBackup>;
  readonly beginRestore: (call: RestoreCall) => Promise<UnfinishedRestore>;
}

/** Moves of whole ledgers to PostgreSQL, with the errors of platform/node/ledger/move. */
export interface LedgerMoves {
  readonly beginMove: (call: MoveCall) => Promise<UnfinishedMove>;
}

export type OpenedKeys =
  | { readonly kind: 'opened'; readonly secrets: Secrets }
  /** Sentences that begin with the setting's name and hold no secret. */
  | { readonly kind: 'refused'; readonly problems: readonly string[] };
