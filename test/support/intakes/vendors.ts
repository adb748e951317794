import { datadogLogs } from './datadog-logs.ts';
import { elasticsearch, opensearch } from './elasticsearch.ts';
import { lineReceiver } from './line-receiver.ts';
import { otlpReceiver } from './otlp-receiver.ts';
import { splunk } from './splunk.ts';
import { cloudflarePipelines, sentinel } from './tables.ts';
import type { Vendor } from './vendor.ts';

export const VENDORS: readonly Vendor[] = [
  lineReceiver,
  splunk,
  elasticsearch,
  opensearch,
  datadogLogs,
  cloudflarePipelines,
  sentinel,
  otlpReceiver,
];
