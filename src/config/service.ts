/** The name of this service in records and logs, and its version. A test compares the version with package.json. */
export const SERVICE_NAME = 'galileo-invite-proxy';
export const SERVICE_VERSION = '0.1.0';
