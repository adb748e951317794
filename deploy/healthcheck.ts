/**
 * The image's HEALTHCHECK: exit 0 when the service in this container says that it is ready, 1 otherwise. It reads the
 * same PORT and HOST as the service; that 0.0.0.0 can be called as well as listened to is a kindness of Linux, where
 * containers live. Not the service's own code: it must stay quick to start, since it runs every few seconds.
 */
import { get } from 'node:http';

const TIMEOUT_MS = 3_000;
const { PORT = '8080', HOST = '127.0.0.1' } = process.env;
const request = get({ host: HOST, port: Number(PORT), path: '/readyz', timeout: TIMEOUT_MS }, (response) =>
  process.exit(response.statusCode === 200 ? 0 : 1),
);
request.on('timeout', () => request.destroy());
request.on('error', () => process.exit(1));
