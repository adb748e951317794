/**
 * Every port the app needs, and its settings. Types only; an entry chooses the adapters.
 */
import type { FetchDocument } from './ports/fetch-document.ts';
import type { RecordAddress } from './audit/record-address.ts';
import type { RecordService } from './audit/record.ts';
import type { IssuerConfig } from './auth/issuers.ts';
import type { Ledger } from './ledger/port.ts';
import type { CompiledPolicy } from './policy/compile.ts';
import type { PolicyStatus } from './policy/status.ts';
import type { Background } from './ports/background.ts';
import type { BurstLimit } from './ports/burst-limit.ts';
import type { Clock } from './ports/clock.ts';
import type { HttpPort } from './ports/http.ts';
import type { Ids } from './ports/ids.ts';
import type { Logger } from './ports/logger.ts';
import type { Metrics } from './ports/metrics.ts';
import type { Schedule } from './ports/schedule.ts';
import type { Secrets } from './ports/secrets.ts';

export interface Deps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly schedule: Schedule;
  readonly background: Background;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly fetchDocument: FetchDocument;
  readonly http: HttpPort;
  readonly secrets: Secrets;
  readonly ledger: Ledger;
  /** Tells the audit delivery that records have come. */
  readonly delivery: { wake(): void };
  /** The policy as it is now. A request asks once and keeps what it got. */
  readonly policy: PolicySource;
  /** The policy on trial, which decides nothing; left out when there is none. */
  readonly shadowPolicy?: PolicySource | undefined;
  /** The caller's address as the platform knows it; null when it does not. `platformRequest` is whatever the platform passed beside the request. */
  readonly clientAddress: (headers: Headers, platformRequest: unknown) => string | null;
  /**
   * Resolves when the answer to this request has left the process, or its connection has ended; never rejects. Left out
   * where nobody can tell.
   */
  readonly responseSent?: ((platformRequest: unknown) => Promise<void>) | undefined;
  /** Whether one request may await a promise that another request began. False on Workers. */
  readonly canAwaitAcrossRequests: boolean;
  /** True once the process has begun to shut down. */
  readonly draining: () => boolean;
  /** How an address stands in the trail. */
  readonly recordAddress: RecordAddress;
  /** Left out where the platform counts no requests per address. */
  readonly burstLimit?: BurstLimit | undefined;
  /** The published contract, as this deployment serves it (contract/openapi). */
  readonly openApi: () => object | Promise<object>;
  readonly service: RecordService;
  readonly settings: AppSettings;
}

export interface PolicySource {
  current(): CompiledPolicy;
  /** What became of its file, for operators; left out where a policy cannot change. */
  status?(): PolicyStatus;
}

export interface AppSettings {
  readonly issuers: readonly IssuerConfig[];
  /** Where callers reach this service, without a trailing slash; null when not configured. */
  readonly publicUrl: string | null;
  readonly corsOrigins: readonly string[];
  readonly idempotency: 'optional' | 'required';
  readonly galileoApiUrl: string;
  readonly galileoApiKeyHeader: string;
  /** The whole upstream exchange, retries included. */
  readonly galileoTimeoutMs: number;
  readonly insecureDev: boolean;
}
