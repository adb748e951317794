import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { localLedgerUrl, localPorts, takenPorts, withLedgerRemedy } from '../../../dev/local-start/local-ports.ts';

describe('the ports of a local run', () => {
  it('are the service’s and the three after it, so that one PORT moves all of them', () => {
    expect(localPorts({})).toEqual({ service: 8080, identityProvider: 8081, galileo: 8082, ops: 8083 });
    expect(localPorts({ PORT: '' })).toEqual(localPorts({}));
    expect(localPorts({ PORT: '9400' })).toEqual({ service: 9400, identityProvider: 9401, galileo: 9402, ops: 9403 });
  });

  it('leave the ops port where OPS_PORT says', () => {
    expect(localPorts({ PORT: '9400', OPS_PORT: '0' }).ops).toBe(0);
    expect(localPorts({ PORT: '9400', OPS_PORT: '9091' }).ops).toBe(9091);
  });

  it('are free ones with PORT=0', () => {
    expect(localPorts({ PORT: '0' })).toEqual({ service: 0, identityProvider: 0, galileo: 0, ops: 0 });
  });

  it.each(['http', '65533', '-1', '80.5', '70000'])('cannot begin at %s', (port) => {
    expect(() => localPorts({ PORT: port })).toThrow('PORT must be a number up to 65532: three more ports follow it');
  });

  it('have a ledger of their own, so that two runs do not meet', () => {
    expect(localLedgerUrl(localPorts({}))).toBe('sqlite:./data/dev-ledger.db');
    expect(localLedgerUrl(localPorts({ PORT: '9400' }))).toBe('sqlite:./data/dev-ledger-9400.db');
  });

  it('that are taken are named, with a command that goes on', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const taken = await takenPorts({ service: 0, identityProvider: port, galileo: 0, ops: 0 });
    expect(taken).toContain(`Port ${port} (for the stand-in identity provider) is taken`);
    expect(taken).toMatch(/choose other ports: PORT=94\d0 npm start$/);
  });

  it('that are free are no problem', async () => {
    expect(await takenPorts({ service: 0, identityProvider: 0, galileo: 0, ops: 0 })).toBeNull();
  });
});

it.each([
  ['the ledger has schema version 99; this program knows 10: run the newer program', true],
  ['the ledger holds a trigger, a view or a table that is not of this program: nothing is written to it', true],
  ['the ledger is used by another process', false],
])('a start that is refused because %s names the file to delete: %s', (problem, isNamed) => {
  const remedy = 'nothing in the ledger of a local run is real: delete ./data/dev-ledger.db to begin with a new one';
  expect(withLedgerRemedy([problem], './data/dev-ledger.db')).toEqual(isNamed ? [problem, remedy] : [problem]);
});
