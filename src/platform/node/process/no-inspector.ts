/**
 * SIGUSR1 makes Node open its inspector: a debugger on a port, without authentication, that can read every secret of
 * the process. A listener of our own replaces that handler, so the signal does nothing. It takes effect on import, so
 * an entry imports it first, before the modules whose loading takes time. `--disable-sigusr1` closes the milliseconds
 * before that, but it cannot be relied on: `node src/node.ts` is the service, too.
 */
process.on('SIGUSR1', () => undefined);
