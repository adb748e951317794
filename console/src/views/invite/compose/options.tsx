/** What all addresses are asked for. A choice that no rule allows is there, disabled, and says so. */
import type { AuthMethod, InvitePolicy, UserRole } from 'galileo-invite-client';
import { signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { Button } from '../../../parts/button.tsx';
import { TEXTS } from '../../../texts.ts';
import type { ForcedNote } from './allowed.ts';
import { forcedNotes } from './allowed.ts';
import type { Choices } from './draft.ts';
import type { Invites } from '../send/invites.ts';

const ROLES: readonly UserRole[] = ['admin', 'manager', 'user', 'read_only'];
const METHODS: readonly AuthMethod[] = ['email', 'google', 'github', 'okta', 'azure-ad', 'custom', 'saml', 'invite'];
const GROUP_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export interface OptionsProps {
  readonly invites: Invites;
  readonly policy: InvitePolicy;
}

export function Options({ invites: { draft, allowed }, policy }: OptionsProps) {
  const texts = TEXTS.invite;
  const { addresses } = draft.parsed.value;
  const open = allowed.value;
  const forced = useMemo(() => forcedNotes(policy, addresses), [policy, addresses]);
  if (open === null) return null;
  const choices = draft.choices.value;
  const choose = (part: Partial<Choices>): void => {
    draft.hasChosen.value = true;
    draft.choices.value = { ...choices, ...part };
  };
  const why = addresses.length === 0 ? texts.options.forbidden : texts.options.forbiddenHere;
  const note = (field: ForcedNote['field']) => (
    <ForcedNotes notes={forced.filter((one) => one.field === field)} total={addresses.length} />
  );
  return (
    <section class="card" aria-labelledby="options-title">
      <h2 id="options-title">{texts.options.title}</h2>
      <Radios
        legend={texts.options.role}
        name="role"
        values={ROLES}
        names={texts.roleNames}
        open={open.roles}
        value={choices.role}
        why={why}
        onChange={(role) => choose({ role })}
      />
      {note('role')}
      <Radios
        legend={texts.options.method}
        name="method"
        values={METHODS}
        names={texts.methodNames}
        open={open.authMethods}
        value={choices.authMethod}
        why={why}
        onChange={(authMethod) => choose({ authMethod })}
      />
      {note('auth_method')}
      <Groups invites={{ draft, allowed }} why={why} choose={choose} />
      {note('groups')}
      <label class="check">
        <input
          type="checkbox"
          checked={choices.sendEmail}
          onChange={(event) => choose({ sendEmail: event.currentTarget.checked })}
        />
        {texts.options.mail}
      </label>
      {note('send_email')}
    </section>
  );
}

interface RadiosProps<Value extends string> {
  readonly legend: string;
  readonly name: string;
  readonly values: readonly Value[];
  readonly names: Readonly<Record<Value, string>>;
  readonly open: ReadonlySet<Value>;
  readonly value: Value;
  /** Why the others are closed. */
  readonly why: string;
  readonly onChange: (value: Value) => void;
}

function Radios<Value extends string>(props: RadiosProps<Value>) {
  const { legend, name, values, names, open, value, why, onChange } = props;
  const isClosed = values.some((one) => !open.has(one));
  return (
    <fieldset aria-describedby={isClosed ? `${name}-why` : undefined}>
      <legend>{legend}</legend>
      <div class="choices">
        {values.map((one) => (
          <label key={one} class="choice" title={open.has(one) ? undefined : why}>
            <input
              type="radio"
              name={name}
              value={one}
              checked={value === one}
              disabled={!open.has(one)}
              onChange={() => onChange(one)}
            />
            {names[one]}
          </label>
        ))}
      </div>
      {isClosed ? (
        <p class="quiet why" id={`${name}-why`}>
          {why}
        </p>
      ) : null}
    </fieldset>
  );
}

interface GroupsProps {
  readonly invites: Pick<Invites, 'draft' | 'allowed'>;
  readonly why: string;
  readonly choose: (part: Partial<Choices>) => void;
}

function Groups({ invites: { draft, allowed }, why, choose }: GroupsProps) {
  const texts = TEXTS.invite.options;
  const typed = useMemo(() => signal(''), []);
  const isBad = useMemo(() => signal(false), []);
  const { groups = [], groupsAllowed = new Set<string>(), anyGroup = false } = allowed.value ?? {};
  const chosen = draft.choices.value.groupIds;
  const known = new Map(groups.map(({ id, name }) => [id, name]));
  const all = [...known.keys(), ...chosen.filter((id) => !known.has(id))];
  const toggle = (id: string, isOn: boolean): void =>
    choose({ groupIds: isOn ? [...chosen, id] : chosen.filter((one) => one !== id) });
  const add = (): void => {
    const id = typed.value.trim().toLowerCase();
    isBad.value = !GROUP_ID.test(id);
    if (isBad.value) return;
    if (!chosen.includes(id)) toggle(id, true);
    typed.value = '';
  };
  return (
    <fieldset>
      <legend>{texts.groups}</legend>
      {all.length === 0 && !anyGroup ? <p class="quiet">{texts.noGroups}</p> : null}
      <div class="choices">
        {all.map((id) => {
          const isOpen = anyGroup || groupsAllowed.has(id) || chosen.includes(id);
          return (
            <label key={id} class="choice" title={isOpen ? undefined : why}>
              <input
                type="checkbox"
                checked={chosen.includes(id)}
                disabled={!isOpen}
                onChange={(event) => toggle(id, event.currentTarget.checked)}
              />
              {known.get(id) ?? <code>{id}</code>}
            </label>
          );
        })}
      </div>
      {anyGroup ? (
        <form
          class="add"
          onSubmit={(event) => {
            event.preventDefault();
            add();
          }}
        >
          <label for="group-id">{texts.groupId}</label>
          <input
            id="group-id"
            type="text"
            autocomplete="off"
            spellcheck={false}
            aria-invalid={isBad.value}
            aria-describedby={isBad.value ? 'group-fault' : undefined}
            value={typed.value}
            onInput={(event) => (typed.value = event.currentTarget.value)}
          />
          <Button type="submit">{texts.addGroup}</Button>
          {isBad.value ? (
            <p class="fault" id="group-fault" role="alert">
              {texts.badGroup}
            </p>
          ) : null}
        </form>
      ) : null}
    </fieldset>
  );
}

function ForcedNotes({ notes, total }: { readonly notes: readonly ForcedNote[]; readonly total: number }) {
  const { options } = TEXTS.invite;
  return (
    <>
      {notes.map((note) => (
        <p key={String(note.value)} class="forced">
          {options.forced(sayForced(note), note.addresses, total)}
        </p>
      ))}
    </>
  );
}

function sayForced({ field, value }: ForcedNote): string {
  const { roleNames, methodNames, mailSent } = TEXTS.invite;
  if (typeof value === 'boolean') return mailSent(value);
  if (field === 'role') return roleNames[value as UserRole];
  return field === 'auth_method' ? methodNames[value as AuthMethod] : value;
}
