/**
 * Bad days of every intake, through the delivery of the service and over the ledger's reference model: down, slow, failing,
 * cut off, restarted, with rotated credentials. Whatever happens, the intake has every item in the end, and a repeat has
 * the id of the first one. Time is the test's; a turn ends when nothing runs any more or the intake waits for time.
 */
import { describe, expect, it } from 'vitest';
import { createDelivery } from '../../../../src/audit/delivery/delivery.ts';
import { reportRefused } from '../../../../src/audit/delivery/report-refused.ts';
import type { Sink } from '../../../../src/audit/delivery/sink.ts';
import type { Logger } from '../../../../src/ports/logger.ts';
import { createFakeClock, createFakeIds, promisesSettled, testUuid7, TEST_TIME_MS } from '../../../support/clock.ts';
import { createStandIn, sinkTo } from '../../../support/intakes/stand-in.ts';
import type { StandIn } from '../../../support/intakes/stand-in.ts';
import type { Parsed, Vendor } from '../../../support/intakes/vendor.ts';
import { VENDORS } from '../../../support/intakes/vendors.ts';
import { admission, ANN, onlyRecord, recordDraft } from '../../../support/ledger/ledger.ts';
import { createMemoryLedger } from '../../../support/ledger/memory-ledger.ts';

const MINUTE_MS = 60_000;
const OLD = 'old-token-0123456789';
const NEW = 'new-token-0123456789';

interface Day {
  readonly minute: () => number;
  readonly intake: StandIn;
  /** As after a crash: nothing is drained, and what runs stays unacknowledged. */
  restart(): void;
  setToken(token: string): void;
}

interface Scenario {
  readonly name: string;
  /** Before the first record. */
  readonly begin: (day: Day) => void;
  /** Called every minute. */
  readonly step?: (day: Day) => void;
  /** The intake gets something twice, if it stores repeats. */
  readonly repeats: boolean;
  /** The reasons for which batches were not taken. */
  readonly reasons: readonly string[];
}

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'down for an hour',
    begin: ({ intake, minute }) => void (intake.conduct.at = () => (minute() < 60 ? 'unreachable' : 'works')),
    repeats: false,
    reasons: ['unreachable'],
  },
  {
    name: 'slow: answers after the sink has given up, four times of five',
    begin: ({ intake }) => void (intake.conduct.at = (request) => (request % 5 === 0 ? 'works' : 'silent')),
    repeats: true,
    reasons: ['timeout'],
  },
  {
    name: 'failing every third write',
    begin: ({ intake }) => void (intake.conduct.at = (request) => (request % 3 === 0 ? 'error' : 'works')),
    repeats: false,
    reasons: ['server_error'],
  },
  {
    name: 'throttling and busy in turns',
    begin({ intake }) {
      intake.conduct.at = (request) => (['works', 'throttled', 'busy'] as const)[request % 3] ?? 'works';
    },
    repeats: false,
    reasons: ['rate_limited', 'server_error'],
  },
  {
    name: 'the process killed half way through a batch, and restarted',
    begin: ({ intake }) => void (intake.conduct.at = (request) => (request % 7 === 0 ? 'cut half way' : 'works')),
    step({ intake, restart }) {
      if (intake.requests.length % 7 === 0) restart();
    },
    repeats: true,
    reasons: ['connection_lost'],
  },
  {
    name: 'the answer lost, and the process restarted',
    begin: ({ intake }) => void (intake.conduct.at = (request) => (request % 4 === 0 ? 'answer lost' : 'works')),
    step({ minute, restart }) {
      if (minute() % 9 === 0) restart();
    },
    repeats: true,
    reasons: ['connection_lost'],
  },
  {
    name: 'credentials rotated: the intake has the new ones five minutes before the service',
    begin: () => undefined,
    step({ minute, intake, setToken }) {
      if (minute() >= 20) intake.conduct.token = NEW;
      if (minute() >= 25) setToken(NEW);
    },
    repeats: false,
    reasons: ['credentials_rejected'],
  },
  {
    name: 'behind a sign-in page for a while',
    begin({ intake, minute }) {
      intake.conduct.at = () => (minute() >= 10 && minute() < 30 ? 'page' : 'works');
    },
    repeats: false,
    reasons: ['wrong_address'],
  },
  {
    name: 'taking three entries at a time',
    begin: ({ intake }) => void (intake.conduct.mostEntries = 3),
    repeats: false,
    reasons: ['too_large'],
  },
];

function createHarness(vendor: Vendor) {
  const clock = createFakeClock();
  const ledger = createMemoryLedger({ clock, ids: createFakeIds(1_000_000) });
  const intake = createStandIn(vendor, clock, OLD);
  const results = new Map<string, number>();
  const log: { event: string; fields: object }[] = [];
  const keep = (event: string, fields: object = {}): void => void log.push({ event, fields });
  const logger: Logger = { debug: keep, info: keep, warn: keep, error: keep };
  const metrics = {
    count: (_name: string, labels: Readonly<Record<string, string>> = {}) => {
      const result = labels['result'] ?? 'item_refused';
      results.set(result, (results.get(result) ?? 0) + 1);
    },
  };
  let token = OLD;
  let running = 0;
  let changed = Promise.withResolvers<void>();
  const noteChange = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  /** Says when a write begins and ends. A process that was killed takes no result any more. */
  function watched(sink: Sink, isAlive: () => boolean): Sink {
    return {
      name: sink.name,
      async write(items) {
        running += 1;
        try {
          await sink.write(items);
        } finally {
          running -= 1;
          noteChange();
        }
        if (!isAlive()) await new Promise(() => undefined);
      },
    };
  }
  function start() {
    let isAlive = true;
    const options = { token: async () => token, onRefused: reportRefused('http', { logger, metrics }) };
    const delivery = createDelivery({
      outbox: ledger,
      sink: watched(sinkTo(vendor, intake, clock, options), () => isAlive),
      schedule: clock,
      clock,
      random: { next: () => 0.5 },
      logger,
      metrics,
    });
    delivery.wake();
    return {
      delivery,
      kill() {
        isAlive = false;
        void delivery.stop();
      },
    };
  }
  let process = start();

  /** Resolves when no write runs, or the one that runs waits for time. */
  async function settled(): Promise<void> {
    for (;;) {
      await promisesSettled();
      if (running === 0 || clock.waitingMs.length > 0) return;
      const isWaiting = clock.until((waitingMs) => waitingMs.length > 0);
      await Promise.race([changed.promise, isWaiting]);
    }
  }

  async function pass(ms: number): Promise<void> {
    for (let leftMs = ms; ;) {
      await settled();
      const nextMs = clock.waitingMs[0] ?? Infinity;
      if (nextMs > leftMs) {
        clock.advance(leftMs);
        return;
      }
      clock.advance(nextMs);
      leftMs -= nextMs;
    }
  }

  let requests = 0;
  const day: Day = {
    minute: () => (clock.now() - TEST_TIME_MS) / MINUTE_MS,
    intake,
    restart() {
      process.kill();
      process = start();
    },
    setToken: (next) => void (token = next),
  };
  return {
    day,
    ledger,
    results,
    log,
    pass,
    async record() {
      const requestId = testUuid7((requests += 1));
      const records = onlyRecord(recordDraft('denial', requestId));
      await ledger.admit(admission(requestId, { plan: 'deny', owner: { ...ANN, subject: requestId }, records }));
      process.delivery.wake();
    },
    status: () => process.delivery.status(),
  };
}

async function idsOf(ledger: ReturnType<typeof createMemoryLedger>): Promise<readonly string[]> {
  const items = await ledger.lease('reader', 10_000);
  return items.map(({ line }) => (JSON.parse(line) as { id: string }).id);
}

const idsIn = (stored: readonly Parsed[]): readonly string[] => stored.map(({ id }) => id);

async function liveThrough(vendor: Vendor, { begin, step }: Pick<Scenario, 'begin' | 'step'>) {
  const harness = createHarness(vendor);
  const { day, pass, record } = harness;
  begin(day);
  while (day.minute() < 65) {
    for (let n = 0; n < 4; n += 1) await record();
    step?.(day);
    await pass(MINUTE_MS);
  }
  await pass(60 * MINUTE_MS);
  return harness;
}

describe.each(VENDORS)('$name', (vendor) => {
  it.each(SCENARIOS)('$name: nothing is lost, and repeats are recognised', async (scenario) => {
    const { day, ledger, results, log, status } = await liveThrough(vendor, scenario);
    const { stored } = day.intake;
    const expected = await idsOf(ledger);
    expect(expected.length).toBeGreaterThanOrEqual(65 * 4);
    // In order of their first arrival, each id once.
    expect([...new Set(idsIn(stored))]).toEqual(expected);
    expect(stored.length > expected.length).toBe(scenario.repeats && !vendor.isIdUnique);
    // A repeat is the same line.
    expect(new Set(stored.map(({ line }) => line)).size).toBe(expected.length);
    for (const reason of scenario.reasons) expect(results.get(reason) ?? 0).toBeGreaterThan(0);
    expect([...results.keys()].toSorted()).toEqual(['delivered', ...scenario.reasons].toSorted());
    expect((await ledger.backlog(['http']))[0]?.records ?? 0).toBe(vendor.intake === 'otlp' ? expected.length : 0);
    expect(status().failing).toBeNull();
    expect(log.length).toBeLessThan(60);
  });

  it('refuses every fiftieth record for its content: the others arrive, and each refused one is named once', async () => {
    let seen = 0;
    const refused = new Set<string>();
    const { ledger, day, results, log, status } = await liveThrough(vendor, {
      begin({ intake }) {
        const known = new Set<string>();
        intake.conduct.refuses = ({ line, id }) => {
          if (line.includes('"kind":"not_taken"')) return false;
          if (!known.has(id)) {
            known.add(id);
            seen += 1;
            if (seen % 50 === 0) refused.add(id);
          }
          return refused.has(id);
        };
      },
    });
    const expected = await idsOf(ledger);
    expect(refused.size).toBeGreaterThanOrEqual(5);
    const arrived = new Set(idsIn(day.intake.stored));
    for (const id of expected) expect(arrived.has(refused.has(id) ? `${id}-not_taken` : id)).toBe(true);
    expect(arrived.size).toBe(expected.length);
    expect(results.get('item_refused')).toBe(refused.size);
    const named = log
      .filter(({ event }) => event === 'audit_item_refused')
      .map(({ fields }) => fields as { id: string });
    expect(named.map(({ id }) => id)).toEqual([...refused]);
    expect(status().failing).toBeNull();
  });
});
