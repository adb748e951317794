/** The option --json, which is the same for every command that prints a report. */
import type { CliDeps } from '../deps.ts';
import type { Call, OptionRow } from './command.ts';

export const JSON_OPTION: OptionRow = { value: null, about: 'Print one JSON document, for programs.' };

/** Prints the report as one JSON document with --json, otherwise as text for a person. */
export async function printReport(
  { options }: Pick<Call, 'options'>,
  { print }: Pick<CliDeps, 'print'>,
  report: unknown,
  render: () => string,
): Promise<void> {
  await print(options['json'] === undefined ? render() : `${JSON.stringify(report)}\n`);
}
