import { count as write } from '../texts.ts';

/** Chooses one of a few groups. Each says how many are in it. */
export interface Chip<Value> {
  readonly value: Value;
  readonly name: string;
  readonly count?: number;
}

export interface ChipsProps<Value> {
  readonly label: string;
  readonly options: readonly Chip<Value>[];
  readonly value: Value;
  readonly onChange: (value: Value) => void;
}

export function Chips<Value extends string>({ label, options, value, onChange }: ChipsProps<Value>) {
  return (
    <div class="chips" role="group" aria-label={label}>
      {options.map(({ value: one, name, count }) => (
        <button key={one} type="button" class="chip" aria-pressed={one === value} onClick={() => onChange(one)}>
          {name}
          {count === undefined ? null : <span class="chip-count">{write(count)}</span>}
        </button>
      ))}
    </div>
  );
}
