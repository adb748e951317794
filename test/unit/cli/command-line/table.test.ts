import { describe, expect, it } from 'vitest';
import { renderTable } from '../../../../src/cli/command-line/table.ts';
import { hanging, wrapLines } from '../../../../src/cli/command-line/wrap.ts';

describe('a table on a terminal', () => {
  it('wraps its last column, and gives a cell that is too long a line of its own', () => {
    const rows = [
      ['a', 'edited', 'one two three four five six seven'],
      ['/a/path/that/is/longer/than/its/column', 'missing', 'eight'],
    ];
    expect(renderTable(['place', 'what', 'why'], rows, { width: 64, indent: '  ' })).toBe(
      [
        '  place                         what     why',
        '  a                             edited   one two three four five',
        '                                         six seven',
        '  /a/path/that/is/longer/than/its/column',
        '                                missing  eight',
        '',
      ].join('\n'),
    );
  });

  it('keeps its columns when cells are painted', () => {
    const paint = (cell: string, column: number): string => (column === 0 ? `<${cell}>` : cell);
    expect(
      renderTable(
        ['p', 'why'],
        [
          ['a', 'b'],
          ['ccc', 'd'],
        ],
        { width: 80, indent: '', paint },
      ),
    ).toBe('p    why\n<a>    b\n<ccc>  d\n');
  });
});

describe('wrapped text', () => {
  it('breaks at spaces only, so that a long word can be copied whole', () => {
    expect(wrapLines('to aaaaaaaaaaaa be', 5)).toEqual(['to', 'aaaaaaaaaaaa', 'be']);
    expect(wrapLines('', 5)).toEqual(['']);
    expect(hanging('→ ', 'one two', 6)).toBe('→ one\n  two\n');
  });
});
