/** What an intake stored, exported as the vendor exports it, verifies with `audit verify --lines`. */
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { OutboxItem } from '../../../../src/audit/delivery/sink.ts';
import { AUDIT_FORMATS } from '../../../../src/audit/format/formats.ts';
import { createFakeClock } from '../../../support/clock.ts';
import { createStandIn, sinkTo } from '../../../support/intakes/stand-in.ts';
import { VENDORS } from '../../../support/intakes/vendors.ts';
import { audit, tempFolder, verified } from '../../cli/audit/audit-harness.ts';
import type { TestTrail } from '../verify/trail-harness.ts';
import { testKey, trailOf } from '../verify/trail-harness.ts';

const TOKEN = 'intake-token-5f0c2b7a91';
const RECORDS = 130;

let trail: TestTrail;
let publicPem: string;
beforeAll(async () => {
  const key = await testKey(7);
  ({ publicPem } = key);
  trail = await trailOf(RECORDS, { signer: key.signer });
});

function itemsOf({ lines }: TestTrail): readonly OutboxItem[] {
  return lines.map(({ item, text }, index) => ({
    position: index,
    kind: item.kind === 'checkpoint' ? 'checkpoint' : 'record',
    line: text,
  }));
}

function folderOfTest() {
  const folder = tempFolder();
  onTestFinished(folder.remove);
  return folder;
}

function setup(vendor: (typeof VENDORS)[number], format: (typeof AUDIT_FORMATS)[number] = 'native') {
  const clock = createFakeClock();
  const standIn = createStandIn(vendor, clock, TOKEN);
  return { ...standIn, sink: sinkTo(vendor, standIn, clock, { token: async () => TOKEN, format }) };
}

describe.each(VENDORS.flatMap((vendor) => AUDIT_FORMATS.map((format) => ({ ...vendor, vendor, format }))))(
  'what $name stored as $format',
  ({ vendor, format, form }) => {
    it('is the whole trail, and verifies as it is exported', async () => {
      const { sink, exported } = setup(vendor, format);
      await sink.write(itemsOf(trail));
      const folder = folderOfTest();
      const key = folder.write('key.pem', publicPem);
      const file = folder.write(
        'export.ndjson',
        exported()
          .map((line) => `${line}\n`)
          .join(''),
      );
      const args = ['--lines', file, '--whole', '--public-key', key];
      expect(await verified(args)).toMatchObject({ code: 0, found: [], report: { lines: { records: RECORDS } } });
      const { stdout } = await audit(['verify', ...args]);
      expect(stdout).toMatch(new RegExp(`\\(\\d+ ${form.replaceAll('+', String.raw`\+`)}\\)`));
    });

    it('verifies with repeats, as after a lost answer', async () => {
      const { sink, exported } = setup(vendor, format);
      const items = itemsOf(trail);
      await sink.write(items.slice(0, 80));
      await sink.write(items.slice(40, 80));
      await sink.write(items.slice(80));
      const file = folderOfTest().write(
        'export.ndjson',
        exported()
          .map((line) => `${line}\n`)
          .join(''),
      );
      expect(await verified(['--lines', file, '--whole'])).toMatchObject({
        code: 0,
        report: { lines: { records: RECORDS } },
      });
    });

    it('does not verify when somebody edits a record there', async () => {
      const { sink, stored, exported } = setup(vendor, format);
      await sink.write(itemsOf(trail));
      const [edited] = stored.slice(57, 58);
      const changed = edited?.line.replaceAll('acme.com', 'evil.com') ?? '';
      expect(changed).not.toBe(edited?.line);
      const text = exported()
        .map((line) => line.replaceAll(edited?.line ?? '', changed).replaceAll(quoted(edited?.line), quoted(changed)))
        .join('\n');
      const { code } = await verified(['--lines', folderOfTest().write('export.ndjson', text)]);
      expect(code).toBe(1);
    });
  },
);

/** The line in the export: as it is, or as a text in JSON. */
function quoted(line = ''): string {
  return JSON.stringify(line).slice(1, -1);
}

describe.each(VENDORS)('what $name stored with a stand-in', (vendor) => {
  const REFUSED = 57;

  it('names the record as missing, and verifies when the record was added later', async () => {
    const { sink, exported, stored, conduct } = setup(vendor);
    const items = itemsOf(trail);
    const refused = items.slice(REFUSED - 1, REFUSED);
    conduct.refuses = ({ line }) => line === refused[0]?.line;
    await sink.write(items);
    expect(stored.filter(({ line }) => line.includes('"kind":"not_taken"'))).toHaveLength(1);
    const folder = folderOfTest();
    const without = folder.write('without.ndjson', exported().join('\n'));
    const { code, found } = await verified(['--lines', without]);
    expect([code, found]).toEqual([1, [expect.stringMatching(/^missing 57 @ /)]]);
    const { stdout } = await audit(['verify', '--lines', without]);
    expect(stdout).toMatch(/stand-ins? for (?:a record|records) that (?:its|their) destination refused/);

    conduct.refuses = () => false;
    await sink.write(refused);
    const added = folder.write('added.ndjson', exported('by seq').join('\n'));
    expect(await verified(['--lines', added, '--whole'])).toMatchObject({ code: 0, found: [] });
  });
});
