/**
 * Every port that the app needs, and its settings. Types only: an entry chooses the adapters and passes them in.
 */
import type { FetchDocument } from './ports/fetch-document.ts';
import type { TrailFault } from './audit/checkpoint/trail-guard.ts';
import type { RecordAddress } from './audit/record-address.ts';
import type { RecordService } from './audit/record.ts';
import type { IssuerConfig } from './auth/issuers.ts';
import type { Ledger } from './ledger/port.ts';
import type { Witness } from './ledger/trusted-time.ts';
import type { CompiledPolicy } from './policy/compile.ts';
import type { GroupNames } from './policy/capabilities/group-names.ts';
import type { PolicyStatus } from './policy/status.ts';
import type { AnswersInFlight } from './ports/answers-in-flight.ts';
import type { Background } from './ports/background.ts';
import type { BurstLimit } from './ports/burst-limit.ts';
import type { Clock } from './ports/clock.ts';
import type { HttpPort } from './ports/http.ts';
import type { Ids, TraceIds } from './ports/ids.ts';
import type { Logger } from './ports/logger.ts';
import type { Metrics } from './ports/metrics.ts';
import type { ReadBody } from './ports/read-body.ts';
import type { ReadPage } from './ports/read-page.ts';
import type { Schedule } from './ports/schedule.ts';
import type { Sha256 } from './ports/sha256.ts';
import type { Credentials } from './upstream/credentials.ts';
import type { KeyUse } from './upstream/key-use.ts';

export interface Deps {
  /** The machine's clock. It judges tokens. */
  readonly clock: Clock;
  /**
   * The ledger's clock (ledger/trusted-time). It judges `until`. The platform's clock where that is trusted as it is.
   */
  readonly trustedClock: Clock;
  /** Takes what an outside clock says. Left out where the platform's clock is trusted as it is. */
  readonly hearWitness?: ((witness: Witness) => void) | undefined;
  readonly ids: Ids;
  readonly traceIds: TraceIds;
  readonly schedule: Schedule;
  readonly background: Background;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly fetchDocument: FetchDocument;
  readonly http: HttpPort;
  /** How the service signs in to Galileo. */
  readonly credentials: Credentials;
  /** Learns whether Galileo takes the keys; left out where nobody asks. */
  readonly keyUse?: Pick<KeyUse, 'note'> | undefined;
  /** The names that Galileo gives its groups. Left out unless Galileo is asked for them (GALILEO_LOOKUPS). */
  readonly groupNames?: (() => GroupNames) | undefined;
  readonly ledger: Ledger;
  /** Notifies the audit delivery of new records. */
  readonly delivery: { wake(): void };
  /** What the last verification of the trail found. Left out where the ledger says it (ChainState). */
  readonly trailFault?: (() => TrailFault | null) | undefined;
  /** The policy in force. A request reads it once and keeps that version. */
  readonly policy: PolicySource;
  /** The shadow policy, which decides nothing; left out when there is none. */
  readonly shadowPolicy?: PolicySource | undefined;
  /**
   * The caller's address as the platform reports it; null when unknown. `platformRequest` is the platform's own request
   * object.
   */
  readonly clientAddress: (headers: Headers, platformRequest: unknown) => string | null;
  /**
   * The bytes of the header fields as received; null when unknown. Left out where the platform gives its Headers alone.
   */
  readonly fieldBytes?: ((platformRequest: unknown) => number | null) | undefined;
  /** Left out where the body comes as a web stream. */
  readonly readBody?: ReadBody | undefined;
  /**
   * Resolves when the answer to this request has left the process, or its connection has ended; never rejects. Left out
   * where the platform cannot report it.
   */
  readonly responseSent?: ((platformRequest: unknown) => Promise<void>) | undefined;
  /** Left out where the platform keeps the answers, not this process. */
  readonly answersInFlight?: AnswersInFlight | undefined;
  /** Whether one request may await a promise that another request began. False on Workers. */
  readonly canAwaitAcrossRequests: boolean;
  /** True once the process has begun to shut down. */
  readonly draining: () => boolean;
  /** Returns the form in which an email address is recorded: as given, or as an HMAC. */
  readonly recordAddress: RecordAddress;
  /** The runtime's own; left out where the portable one serves. */
  readonly sha256?: Sha256 | undefined;
  /** Left out where the platform does not count requests per address. */
  readonly burstLimit?: BurstLimit | undefined;
  /** The published contract, as this deployment serves it (openapi/document). */
  readonly openApi: () => object | Promise<object>;
  readonly readPage: ReadPage;
  readonly service: RecordService;
  readonly settings: AppSettings;
}

export interface PolicySource {
  current(): CompiledPolicy;
  /** The state of the policy file, for operators; left out where a policy cannot change. */
  status?(): PolicyStatus;
}

export interface AppSettings {
  readonly issuers: readonly IssuerConfig[];
  /** The URL at which callers reach this service, without a trailing slash; null when not configured. */
  readonly publicUrl: string | null;
  readonly corsOrigins: readonly string[];
  readonly idempotency: 'optional' | 'required';
  readonly galileoApiUrl: string;
  /** The whole upstream exchange, retries included. */
  readonly galileoTimeoutMs: number;
  readonly insecureDev: boolean;
  /** Whether Galileo is asked about unknown outcomes (GALILEO_RECONCILE). */
  readonly reconciles: boolean;
  /** Whether Galileo gets the trace context of a request (TRACE_UPSTREAM). */
  readonly tracesUpstream: boolean;
  /** The names of the sinks of the trail (AUDIT_SINKS). */
  readonly auditSinks: readonly string[];
  /** Whether the pages for people are served (PAGES). */
  readonly pages: boolean;
  readonly consoleSignIn: ConsoleSignIn;
}

/** How people sign in to the console. All of it is public. */
export type ConsoleSignIn =
  | {
      readonly kind: 'oidc';
      readonly issuer: string;
      readonly clientId: string;
      readonly scope: string;
      readonly audience: string | null;
    }
  /** Cloudflare Access has signed them in, and adds the token to each request. */
  | { readonly kind: 'access' }
  | { readonly kind: 'not_set_up' };
