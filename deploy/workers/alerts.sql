-- Alerts of a deployment on Workers, for the SQL API of Analytics Engine. Made by npm run docs from tools/workers-alerts.ts.
-- A query returns a row for each thing that is wrong, and none on an ordinary day. The names are those of the sections in
-- docs/runbooks.md. galileo_invite_proxy is the dataset that wrangler.toml names.

-- InviteProxyLedgerFailing: Steps of the ledger failed within 5 minutes.
SELECT blob2 AS step, SUM(_sample_interval * double1) AS times
FROM galileo_invite_proxy
WHERE index1 = 'ledger_failures' AND timestamp > NOW() - INTERVAL '5' MINUTE
GROUP BY step
HAVING times > 0;

-- InviteProxyLedgerDamaged: Stored values could not be read within 15 minutes.
SELECT blob2 AS part, SUM(_sample_interval * double1) AS times
FROM galileo_invite_proxy
WHERE index1 = 'ledger_unreadable' AND timestamp > NOW() - INTERVAL '15' MINUTE
GROUP BY part
HAVING times > 0;

-- InviteProxyTrailChanged: A verification of the trail within 15 minutes found it changed.
SELECT SUM(if(double1 < 1, 1, 0)) AS times
FROM galileo_invite_proxy
WHERE index1 = 'audit_trail_intact' AND timestamp > NOW() - INTERVAL '15' MINUTE
HAVING times > 0;

-- InviteProxyCheckpointStale: For 5 minutes there were records without a checkpoint, and the last checkpoint is older than 15 minutes.
SELECT MIN(if(index1 = 'audit_uncovered_records', double1, 1000000000)) AS uncovered,
  MAX(if(index1 = 'audit_checkpoint_timestamp_seconds', double1, 0)) AS made_at,
  SUM(if(index1 = 'audit_uncovered_records', 1, 0)) AS looks
FROM galileo_invite_proxy
WHERE index1 IN ('audit_uncovered_records', 'audit_checkpoint_timestamp_seconds') AND timestamp > NOW() - INTERVAL '5' MINUTE
HAVING looks > 0 AND uncovered > 0 AND made_at < toUnixTimestamp(NOW()) - 900;

-- InviteProxySinkBehind: For 5 minutes the oldest record that a sink has not taken was older than 15 minutes.
SELECT blob2 AS sink, MIN(double1) AS seconds
FROM galileo_invite_proxy
WHERE index1 = 'audit_sink_lag_seconds' AND timestamp > NOW() - INTERVAL '5' MINUTE
GROUP BY sink
HAVING seconds > 900;

-- InviteProxyRecordReplaced: A sink refused records for their content within an hour.
SELECT blob2 AS sink, SUM(_sample_interval * double1) AS times
FROM galileo_invite_proxy
WHERE index1 = 'audit_items_refused' AND timestamp > NOW() - INTERVAL '60' MINUTE
GROUP BY sink
HAVING times > 0;

-- InviteProxyKeyRefused: Galileo refused every key for an invite within 5 minutes.
SELECT blob3 AS reason, SUM(_sample_interval * double1) AS times
FROM galileo_invite_proxy
WHERE index1 = 'invite_endings' AND timestamp > NOW() - INTERVAL '5' MINUTE AND blob2 = 'not_sent' AND blob3 = 'credentials_rejected'
GROUP BY reason
HAVING times > 0;

-- InviteProxyCurrentKeyRefused: The next key was used within 15 minutes, because Galileo refused the current one.
SELECT blob3 AS slot, SUM(_sample_interval * double1) AS times
FROM galileo_invite_proxy
WHERE index1 = 'upstream_attempts' AND timestamp > NOW() - INTERVAL '15' MINUTE AND blob3 = 'next'
GROUP BY slot
HAVING times > 0;

-- InviteProxyGalileoUnreachable: More than half of the invites within 10 minutes were not sent, or ended without an answer.
SELECT SUM(if((blob2 = 'not_sent' AND NOT blob3 IN ('credentials_rejected', 'rate_limited')) OR blob2 = 'unknown', _sample_interval * double1, 0)) AS failed, SUM(_sample_interval * double1) AS ended
FROM galileo_invite_proxy
WHERE index1 = 'invite_endings' AND timestamp > NOW() - INTERVAL '10' MINUTE
HAVING failed > 0.5 * ended;

-- InviteProxyOutcomeUnknown: For 10 minutes there were requests whose outcome is unknown.
SELECT MIN(double1) AS requests
FROM galileo_invite_proxy
WHERE index1 = 'requests_unknown' AND timestamp > NOW() - INTERVAL '10' MINUTE
HAVING requests > 0;

-- InviteProxyIssuerKeysFailing: Within 30 minutes no fetch of the keys of this issuer worked, and some failed.
SELECT blob2 AS issuer,
  SUM(if(blob3 = 'ok', _sample_interval * double1, 0)) AS worked, SUM(_sample_interval * double1) AS fetches
FROM galileo_invite_proxy
WHERE index1 = 'key_set_fetches' AND timestamp > NOW() - INTERVAL '30' MINUTE
GROUP BY issuer
HAVING worked = 0 AND fetches > 0;

-- InviteProxyPolicyRefused: A policy from KV was refused, or the ledger could not take it, within 10 minutes.
SELECT blob3 AS result, SUM(_sample_interval * double1) AS times
FROM galileo_invite_proxy
WHERE index1 = 'policy_reloads' AND timestamp > NOW() - INTERVAL '10' MINUTE AND blob3 != 'loaded'
GROUP BY result
HAVING times > 0;

-- InviteProxyOverloaded: Requests were answered with 503 `overloaded` within 5 minutes.
SELECT blob3 AS reason, SUM(_sample_interval * double1) AS times
FROM galileo_invite_proxy
WHERE index1 = 'requests_shed' AND timestamp > NOW() - INTERVAL '5' MINUTE
GROUP BY reason
HAVING times > 0;

-- InviteProxyErrorBudgetFast: More than 1.44 % of the requests of an hour failed by the making of this service.
SELECT SUM(if(index1 = 'refusals' AND blob2 = 'proxy' AND blob3 IN ('internal_error', 'ledger_unavailable', 'overloaded', 'upstream_error'), _sample_interval * double1, 0)) AS failed,
  SUM(if(index1 = 'http_requests' AND (blob2 LIKE '/v2/%' OR blob2 LIKE '/audit/%'), _sample_interval * double1, 0)) AS answered
FROM galileo_invite_proxy
WHERE index1 IN ('refusals', 'http_requests') AND timestamp > NOW() - INTERVAL '60' MINUTE
HAVING failed > 9 AND failed > 14.4 * 0.001 * answered;

-- InviteProxyErrorBudgetSlow: More than 0.6 % of the requests of 6 hours failed by the making of this service.
SELECT SUM(if(index1 = 'refusals' AND blob2 = 'proxy' AND blob3 IN ('internal_error', 'ledger_unavailable', 'overloaded', 'upstream_error'), _sample_interval * double1, 0)) AS failed,
  SUM(if(index1 = 'http_requests' AND (blob2 LIKE '/v2/%' OR blob2 LIKE '/audit/%'), _sample_interval * double1, 0)) AS answered
FROM galileo_invite_proxy
WHERE index1 IN ('refusals', 'http_requests') AND timestamp > NOW() - INTERVAL '360' MINUTE
HAVING failed > 9 AND failed > 6 * 0.001 * answered;
