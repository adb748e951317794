import { withoutMarkAndLineEnd, wrappedFault } from '../../lib/text/wrapped-value.ts';
import { variableOf } from '../schema.ts';
import type { SettingRow } from '../setting-row.ts';

/**
 * Reads the text of a setting from the environment, the same for every setting and every tool. A byte order mark and one
 * line end are removed. What else a file of variables can leave around a value is refused by its cause, because the
 * value itself would only be called invalid. Pure. No problem quotes the value.
 */
type Environment = Readonly<Record<string, string | undefined>>;

/** Kubernetes and Docker inject this value for a Service whose name makes the name of a setting, such as `ops`. */
export const INJECTED_ADDRESS = /^(?:tcp|udp|sctp):\/\//;

/** Undefined when the setting is absent. An empty variable counts as absent. */
export function settingText(name: string, env: Environment): string | undefined {
  const raw = env[variableOf(name, env)];
  if (raw === undefined || (name.endsWith('_PORT') && INJECTED_ADDRESS.test(raw))) return undefined;
  const text = withoutMarkAndLineEnd(raw);
  return text === '' ? undefined : text;
}

interface Row {
  readonly form: RegExp;
  readonly problem: string;
  /** The rows of settings that may hold this. */
  readonly notFor: readonly SettingRow['holds'][];
}

const ROWS: readonly Row[] = [
  {
    form: /\r$/,
    problem: 'ends in a carriage return, as lines of Windows files do: save its file with LF line ends',
    notFor: ['lines'],
  },
  { form: /\s#/, problem: 'holds a comment, which docker --env-file passes on: remove it', notFor: ['lines', 'path'] },
  {
    form: /^\s|\s$/,
    problem: 'has a space before or behind it: remove it',
    notFor: ['lines', undefined],
  },
];

/** The problem of what surrounds the value, as the second half of a sentence; null when there is none. */
export function surroundingFault(text: string, { holds }: Pick<SettingRow, 'holds'>): string | null {
  const row = ROWS.find(({ form, notFor }) => !notFor.includes(holds) && form.test(text));
  return row?.problem ?? (holds === 'lines' ? null : wrappedFault(text.trim()));
}
