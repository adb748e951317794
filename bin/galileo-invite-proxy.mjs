#!/usr/bin/env node
/**
 * Starts the command line (src/cli.ts). Plain JavaScript, because a Node that cannot run TypeScript must still be able
 * to read this file and say which Node is needed. It decides nothing else.
 */
// First of all, as src/platform/node/process/no-inspector.ts says. An option of node for it would stop an old Node
// before this file can say which one is needed.
process.on('SIGUSR1', () => undefined);

const OLDEST_NODE = { major: 24, minor: 12 };
/** Of cli/command-line/exit-codes.ts: the service would not start here either. */
const REFUSED = 2;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

/** @param {string} message */
function refuse(message) {
  process.stderr.write(`galileo-invite-proxy: ${message}\n`);
  process.exitCode = REFUSED;
}

if (major < OLDEST_NODE.major || (major === OLDEST_NODE.major && minor < OLDEST_NODE.minor)) {
  refuse(`needs Node ${OLDEST_NODE.major}.${OLDEST_NODE.minor} or later; this is ${process.version}`);
} else {
  try {
    await import('../src/cli.ts');
  } catch (error) {
    const isPackage = error instanceof Error && error.message.startsWith('Cannot find package ');
    if (!isPackage) throw error;
    refuse('the packages are not installed; run npm ci');
  }
}
