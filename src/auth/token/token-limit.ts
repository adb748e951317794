import { HEADER_LIMIT_BYTES } from '../../lib/http/header-limit.ts';

/**
 * How large a token may be. Both limits follow from the limit of the header section, so a token that is within its limit
 * reaches the service. `max_token_bytes` of an AUTH_ISSUERS entry sets another limit for its issuer.
 */

/** The most that `max_token_bytes` may be. Clients and proxies send up to 4 KiB beside a token, cookies apart. */
export const MAX_TOKEN_BYTES = HEADER_LIMIT_BYTES - 4096;

/**
 * The limit of an issuer without `max_token_bytes`. Browsers, cookies and proxies add up to 8 KiB. Entra ID's 200 groups take
 * 12 KiB as ids and 17 KiB as names of 60 characters; Cognito's 100 groups take 18 KiB with names of 128 characters.
 */
export const DEFAULT_TOKEN_BYTES = HEADER_LIMIT_BYTES - 8192;
