import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { auditPorts } from '../../../../src/cli/audit/ports.ts';
import type { TestTrail } from '../../audit/verify/trail-harness.ts';
import { trailOf } from '../../audit/verify/trail-harness.ts';
import type { Folder } from './audit-harness.ts';
import { alter, audit, fillLedger, makeLedger, setHead, tempFolder } from './audit-harness.ts';
import { printTo, startCommand } from '../cli-harness.ts';

let trail: TestTrail;
let more: TestTrail;
let folder: Folder;
let ledger: string;

beforeAll(async () => {
  trail = await trailOf(30);
  more = await trailOf(3, { after: trail.head });
});
beforeEach(async () => {
  folder = tempFolder();
  ledger = await makeLedger(folder.path('ledger.db'));
  await fillLedger(ledger, trail.lines);
});
afterEach(() => folder.remove());

const textsOf = ({ lines }: TestTrail): string[] => lines.map(({ text }) => text);

/** Runs `audit tail --follow` and reports when it has polled and waits. */
function follow(args: readonly string[]) {
  const written: string[] = [];
  const print = printTo(written);
  let interrupt = (): void => undefined;
  let waits = Promise.withResolvers<void>();
  let look = (): void => undefined;
  const ports = {
    ...auditPorts,
    isTerminal: () => false,
    onInterrupt(task: () => void) {
      interrupt = task;
      return () => undefined;
    },
  };
  const schedule = {
    after(_delayMs: number, task: () => void) {
      look = task;
      waits.resolve();
      return () => undefined;
    },
  };
  const { ended } = startCommand(['audit', 'tail', '--follow', '--ledger', ledger, ...args], {
    deps: { audit: ports, schedule, print: async (text) => print(text.slice(0, -1)) },
  });
  return {
    ended,
    written,
    waiting: () => waits.promise,
    interrupt: () => interrupt(),
    /** Resolves when it waits again, or has ended. */
    async look() {
      waits = Promise.withResolvers<void>();
      look();
      await Promise.race([waits.promise, ended]);
    },
  };
}

async function tailed(args: readonly string[], isTerminal = false) {
  const ports = { ...auditPorts, isTerminal: () => isTerminal };
  const ran = await audit(['tail', '--ledger', ledger, ...args], { deps: { audit: ports } });
  return { ...ran, lines: ran.stdout.split('\n').slice(0, -1) };
}

describe('audit tail', () => {
  it('prints the last ten records and the checkpoints among them', async () => {
    expect(await tailed([])).toMatchObject({ code: 0, lines: textsOf(trail).slice(-11) });
  });

  it('prints as many as are asked for, or all there are, in the format asked for', async () => {
    expect((await tailed(['--lines', '2'])).lines).toEqual(textsOf(trail).slice(-3));
    expect((await tailed(['--lines', '999'])).lines).toEqual(textsOf(trail));
    expect((await tailed(['--lines', '0'])).lines).toEqual([]);
    expect((await tailed(['--lines', '1', '--format', 'ocsf'])).lines[0]).toContain('"class_uid":6003');
  });

  it('goes on with what comes, each line once, until it is interrupted', async () => {
    const tail = follow(['--lines', '1']);
    await tail.waiting();
    expect(tail.written).toEqual(textsOf(trail).slice(-2));
    await tail.look();
    expect(tail.written).toHaveLength(2);
    await fillLedger(ledger, more.lines.slice(0, 2));
    await tail.look();
    await fillLedger(ledger, more.lines.slice(2));
    await tail.look();
    expect(tail.written).toEqual([...textsOf(trail).slice(-2), ...textsOf(more)]);
    tail.interrupt();
    expect((await tail.ended).code).toBe(0);
  });

  it('stops in the middle of many lines when it is interrupted', async () => {
    const written: string[] = [];
    let interrupt = (): void => undefined;
    const ports = {
      ...auditPorts,
      onInterrupt(task: () => void) {
        interrupt = task;
        return () => undefined;
      },
    };
    const print = async (text: string) => {
      written.push(text);
      if (written.length === 3) interrupt();
      return 'printed' as const;
    };
    expect(await audit(['tail', '--ledger', ledger], { deps: { audit: ports, print } })).toMatchObject({ code: 0 });
    expect(written).toHaveLength(3);
  });

  it('ends well when its stdout is closed, also while it follows', async () => {
    let calls = 0;
    const print = async () => {
      calls += 1;
      return 'closed' as const;
    };
    const ran = await audit(['tail', '--follow', '--ledger', ledger], { deps: { print } });
    expect([ran.code, ran.stderr, calls]).toEqual([0, '', 1]);
  });

  it('sends a terminal nothing that it would obey, and anybody else the line as it is stored', async () => {
    const command = '\u001b]0;owned\u0007\u001b[2J\u202e';
    await alter(ledger, (database) => {
      database.prepare(`UPDATE records SET line = replace(line, '"ann"', ?) WHERE seq = 30`).run(`"${command}"`);
    });
    const [piped = ''] = (await tailed(['--lines', '1'])).lines;
    expect(piped).toContain(command);
    const { lines } = await tailed(['--lines', '1'], true);
    expect(lines[0]).toBe(piped.replace(command, '\ufffd]0;owned\ufffd\ufffd[2J\ufffd'));
    expect(lines).toHaveLength(2);
  });

  it('begins with the first record of a ledger that had none', async () => {
    ledger = await makeLedger(folder.path('new.db'));
    const tail = follow([]);
    await tail.waiting();
    expect(tail.written).toEqual([]);
    await fillLedger(ledger, trail.lines);
    await tail.look();
    expect(tail.written).toEqual(textsOf(trail));
    tail.interrupt();
    await tail.ended;
  });

  it('ends with exit 2 when the ledger is gone, and with exit 1 at what cannot be printed', async () => {
    const tail = follow([]);
    await tail.waiting();
    await alter(ledger, (database) => {
      database.exec(`INSERT INTO records (seq, line) VALUES (31, 'x')`);
      setHead(database, { seq: 31, hash: 'a'.repeat(64) });
    });
    expect(await tailed(['--lines', '1', '--format', 'ocsf'])).toMatchObject({
      code: 1,
      stderr: 'record 31 of the ledger cannot be read; audit verify says more\n',
    });
    ledger = folder.path('nowhere.db');
    expect(await tailed([])).toMatchObject({ code: 2, stderr: `the ledger ${ledger} is not there\n` });
    tail.interrupt();
    await tail.ended;
  });

  it('says on stderr that there are no records, but not when it follows', async () => {
    ledger = await makeLedger(folder.path('empty.db'));
    expect(await tailed([])).toMatchObject({ code: 0, stdout: '', stderr: '0 records\n' });
    const tail = follow([]);
    await tail.waiting();
    tail.interrupt();
    expect((await tail.ended).stderr).toBe('');
  });

  it('prints text for people in which nothing is left that a terminal would obey, piped or not', async () => {
    await alter(ledger, (database) => {
      database
        .prepare(`UPDATE records SET line = replace(line, '"ann"', ?) WHERE seq = 30`)
        .run(JSON.stringify('\u001b[2J\u202e'));
    });
    const piped = await tailed(['--lines', '1', '--format', 'text']);
    expect(piped.lines[0]).toContain(String.raw`\u{1b}[2J\u{202e}`);
    expect((await tailed(['--lines', '1', '--format', 'text'], true)).stdout).toBe(piped.stdout);
  });

  it('refuses what it does not understand', async () => {
    expect(await tailed(['--lines', 'many'])).toMatchObject({ code: 64 });
    expect(await tailed(['--format', 'cef'])).toMatchObject({ code: 64, stderr: '--format is native, ocsf or text\n' });
  });
});
