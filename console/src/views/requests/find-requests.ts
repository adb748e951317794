/** Finds requests among those that are loaded. Pure: what is typed never leaves the page. */
import type { InviteRequest } from 'galileo-invite-client';

export type StateFilter = InviteRequest['state'] | 'all';

/** `text`: a part of an address, of the id, of the role or of the sign-in method; case is ignored. */
export function findRequests(
  requests: readonly InviteRequest[],
  { text, state }: { readonly text: string; readonly state: StateFilter },
): readonly InviteRequest[] {
  const wanted = text.trim().toLowerCase();
  return requests.filter(
    (request) =>
      (state === 'all' || request.state === state) &&
      (wanted === '' || searchable(request).some((one) => one.toLowerCase().includes(wanted))),
  );
}

function searchable({ id, trace_id, request }: InviteRequest): readonly string[] {
  const asked = request === null ? [] : [...(request.emails ?? []), request.role, request.auth_method];
  return [id, ...(trace_id === undefined ? [] : [trace_id]), ...asked];
}
