/**
 * What a person has written and chosen so far: the list as text, and what all addresses are asked for. It is kept in
 * this tab (session/kept), so that neither a reload nor a sign-in loses it.
 */
import type { AuthMethod, ParsedAddresses, SharedRequest, UserRole } from 'galileo-invite-client';
import { parseAddresses } from 'galileo-invite-client';
import type { ReadonlySignal, Signal } from '@preact/signals';
import { computed, effect, signal } from '@preact/signals';
import { isRecord, kept } from '../../../session/kept.ts';
import { addressTable } from './address-table.ts';

export interface Choices {
  readonly authMethod: AuthMethod;
  readonly role: UserRole;
  readonly groupIds: readonly string[];
  readonly sendEmail: boolean;
}

/** The defaults of Galileo's interface. */
export const FIRST_CHOICES: Choices = { authMethod: 'email', role: 'user', groupIds: [], sendEmail: true };

interface KeptDraft {
  readonly text: string;
  readonly choices: Choices;
  /** The person has chosen; else the policy suggests. */
  readonly hasChosen: boolean;
}

export interface Draft {
  readonly text: Signal<string>;
  readonly choices: Signal<Choices>;
  readonly hasChosen: Signal<boolean>;
  readonly parsed: ReadonlySignal<ParsedAddresses>;
  /** Columns of a table that were left out. */
  readonly otherColumns: ReadonlySignal<number>;
  /** Back to the beginning. */
  readonly clear: () => void;
}

const keptDraft = kept<KeptDraft>(
  'draft',
  (value): value is KeptDraft => isRecord(value) && typeof value['text'] === 'string' && isRecord(value['choices']),
);

export function createDraft(): Draft {
  const before = keptDraft.read();
  const text = signal(before?.text ?? '');
  const choices = signal<Choices>({ ...FIRST_CHOICES, ...before?.choices });
  const hasChosen = signal(before?.hasChosen ?? false);
  effect(() => {
    const now = { text: text.value, choices: choices.value, hasChosen: hasChosen.value };
    // After signing out nothing is left.
    if (now.text === '' && !now.hasChosen) keptDraft.remove();
    else keptDraft.write(now);
  });
  const table = computed(() => addressTable(text.value));
  return {
    ...{ text, choices, hasChosen },
    parsed: computed(() => parseAddresses(table.value.text)),
    otherColumns: computed(() => table.value.otherColumns),
    clear() {
      text.value = '';
      choices.value = FIRST_CHOICES;
      hasChosen.value = false;
    },
  };
}

/** As the service is asked. */
export function requestOf({ authMethod, role, groupIds, sendEmail }: Choices): SharedRequest {
  return {
    ...{ auth_method: authMethod, role, send_email: sendEmail },
    ...(groupIds.length === 0 ? {} : { group_ids: [...groupIds] }),
  };
}
