import type { InviteRequest } from 'galileo-invite-client';
import type { ComponentChildren } from 'preact';
import { dateAndTime, REQUEST_TEXTS, TEXTS } from '../../texts.ts';

/** What was asked and what was sent, as it is on record. */
export function RequestFacts({ request }: { readonly request: InviteRequest }) {
  return (
    <dl class="facts">
      {factsOf(request).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

type Fact = readonly [name: string, value: ComponentChildren];

const code = (text: string) => <span class="code">{text}</span>;

function factsOf({ id, trace_id, requested_at, settled_at, actor, request, policy, outcome, ...rest }: InviteRequest) {
  const facts: Fact[] = [];
  const add = (name: string, value: ComponentChildren): void => void facts.push([name, value]);
  if (requested_at !== null) add(REQUEST_TEXTS.when, dateAndTime(requested_at));
  if (settled_at !== null) add(REQUEST_TEXTS.endedAt, dateAndTime(settled_at));
  if (rest.expires_at !== null) add(REQUEST_TEXTS.expiresAt, dateAndTime(rest.expires_at));
  if (actor !== null) add(REQUEST_TEXTS.by, REQUEST_TEXTS.byWhom(actor.subject, actor.client_id));
  if (request !== null) {
    add(REQUEST_TEXTS.as, REQUEST_TEXTS.roles[request.role]);
    add(REQUEST_TEXTS.method, TEXTS.invite.methodNames[request.auth_method]);
    if (request.group_ids.length > 0)
      add(
        REQUEST_TEXTS.groups,
        request.group_ids.map((group) => <div key={group}>{code(group)}</div>),
      );
    add(REQUEST_TEXTS.mail, request.send_email ? REQUEST_TEXTS.mailYes : REQUEST_TEXTS.mailNo);
  }
  for (const { field, value, rule } of policy?.forced ?? [])
    add(
      REQUEST_TEXTS.forced(field),
      <>
        {code(String(value))} {REQUEST_TEXTS.byRule(rule)}
      </>,
    );
  if (outcome?.quota !== undefined) add(REQUEST_TEXTS.quota, code(outcome.quota));
  if (outcome?.note !== undefined) add(REQUEST_TEXTS.note, outcome.note);
  if (outcome?.person !== undefined) add(REQUEST_TEXTS.settledBy, outcome.person);
  for (const [place, attempt] of (outcome?.attempts ?? []).entries())
    add(REQUEST_TEXTS.attempt(place + 1), REQUEST_TEXTS.attemptSays(attempt));
  add(REQUEST_TEXTS.id, code(id));
  if (trace_id !== undefined) add(REQUEST_TEXTS.trace, code(trace_id));
  if (policy !== null) add(REQUEST_TEXTS.policy, code(policy.digest));
  if (rest.request_sha256 !== undefined) add(REQUEST_TEXTS.bytes, code(rest.request_sha256));
  return facts;
}
