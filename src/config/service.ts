/** What this service is called in records and logs. A test holds the version to package.json's. */
export const SERVICE_NAME = 'galileo-invite-proxy';
export const SERVICE_VERSION = '0.1.0';
