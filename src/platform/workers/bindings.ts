import type { SecretBinding } from './secrets/bound-secret.ts';
import type { LedgerObject } from './ledger/ledger-object.ts';

/**
 * Everything that wrangler.toml binds for the Worker, by name. Settings are text bindings under the names of
 * config/schema and are not listed here. A setting that is a secret may be an entry of the Secrets Store instead. A
 * binding that is optional here may be left out of wrangler.toml.
 */
export interface Bindings {
  readonly LEDGER: DurableObjectNamespace<LedgerObject>;
  /** The files that tools/build-worker wrote into dist/worker/assets. */
  readonly ASSETS: Pick<Fetcher, 'fetch'>;
  /** Carries audit records to the sinks other than stdout. */
  readonly AUDIT_QUEUE?: Queue;
  /** Overrides the built-in policy. */
  readonly POLICY?: KVNamespace;
  readonly METRICS?: AnalyticsEngineDataset;
  readonly BURST_LIMIT?: RateLimit;
  readonly VERSION?: WorkerVersionMetadata;

  /** Needed unless GALILEO_AUTH names another scheme. */
  readonly GALILEO_API_KEY?: SecretBinding;
  readonly GALILEO_API_KEY_NEXT?: SecretBinding;
  readonly GALILEO_PASSWORD?: SecretBinding;
  readonly AUDIT_HTTP_TOKEN?: SecretBinding;
  readonly AUDIT_HTTP_HEADERS?: SecretBinding;
  readonly AUDIT_HMAC_KEY?: SecretBinding;
  readonly OTEL_EXPORTER_OTLP_HEADERS?: SecretBinding;
  readonly OTEL_EXPORTER_OTLP_LOGS_HEADERS?: SecretBinding;
}
