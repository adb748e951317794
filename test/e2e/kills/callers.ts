/**
 * Callers that invite without a pause while services under them are killed. Most invites carry an Idempotency-Key; a caller
 * whose connection is lost repeats such an invite, with the same key, at the next service. One without a key is never
 * repeated. Galileo takes its time, and some people make it fail, so that a kill meets invites in every state.
 */
import type { StandIns } from '../../../dev/stand-ins.ts';
import type { Chance } from '../../support/chance.ts';

export interface Callers {
  /** Starts `parallel` callers at each address, with a new token: a full count takes longer than one is valid. */
  start(urls: readonly string[], parallel: number): Promise<Round>;
  /** Repeats every invite that has no final answer, once. */
  repeatOpen(url: string): Promise<void>;
  readonly tally: CallersTally;
}

export interface Round {
  /** Resolves when every caller has the answer to its last invite, or has lost its connection. */
  end(): Promise<void>;
}

export interface CallersTally {
  /** How many people were invited; a repeat is not another one. */
  invites: number;
  repeats: number;
  /** Connections that were lost before the answer. */
  lost: number;
  /** The addresses whose invite was answered with 200. */
  readonly accepted: Set<string>;
  readonly statuses: Map<number, number>;
}

interface Invite {
  readonly email: string;
  readonly key: string | null;
}

/** Of a hundred people. The rest are invited. */
const FAILING = { lost: 2, break: 1, refuse: 3 } as const;
const KEYLESS = 20;
const MOST_DELAY_MS = 25;

export function createCallers({
  standIns: { galileo, identityProvider },
  chance,
}: {
  readonly standIns: StandIns;
  readonly chance: Chance;
}): Callers {
  let token = '';
  const tally: CallersTally = { invites: 0, repeats: 0, lost: 0, accepted: new Set(), statuses: new Map() };
  /** To be repeated; what is still in flight only in the end. */
  const toRepeat: Invite[] = [];
  const inFlight: Invite[] = [];

  function newInvite(): Invite {
    tally.invites += 1;
    const serial = String(tally.invites);
    const key = chance.below(100) < KEYLESS ? null : `order-of-person-${serial}`;
    let share = chance.below(100);
    for (const [name, percent] of Object.entries(FAILING)) {
      if (share < percent) return { email: `${name}+${serial}@acme.com`, key };
      share -= percent;
    }
    const email = `person-${serial}@acme.com`;
    galileo.script({ kind: 'slow', delayMs: chance.below(MOST_DELAY_MS) }, email);
    return { email, key };
  }

  /** Null: the connection was lost. */
  async function send(url: string, { email, key }: Invite): Promise<number | null> {
    try {
      const response = await fetch(`${url}/v2/invite_users`, {
        method: 'POST',
        headers: {
          ...{ Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
          ...(key === null ? {} : { 'Idempotency-Key': key }),
        },
        body: JSON.stringify({ emails: [email], auth_method: 'okta' }),
      });
      await response.arrayBuffer();
      return response.status;
    } catch {
      return null;
    }
  }

  async function sendAndNote(url: string, invite: Invite): Promise<number | null> {
    const status = await send(url, invite);
    if (status === null) tally.lost += 1;
    else tally.statuses.set(status, (tally.statuses.get(status) ?? 0) + 1);
    if (status === 200) tally.accepted.add(invite.email);
    if (status === null && invite.key !== null) toRepeat.push(invite);
    if (status === 409) inFlight.push(invite);
    return status;
  }

  function takeRepeat(): Invite | undefined {
    const invite = toRepeat.shift();
    if (invite !== undefined) tally.repeats += 1;
    return invite;
  }

  return {
    tally,
    async start(urls, parallel) {
      token = await identityProvider.issue({ sub: 'hr-portal' });
      let isOver = false;
      const call = async (url: string): Promise<void> => {
        while (!isOver) if ((await sendAndNote(url, takeRepeat() ?? newInvite())) === null) return;
      };
      const calls = urls.flatMap((url) => Array.from({ length: parallel }, () => call(url)));
      return {
        async end() {
          isOver = true;
          await Promise.all(calls);
        },
      };
    },
    async repeatOpen(url) {
      token = await identityProvider.issue({ sub: 'hr-portal' });
      for (const invite of [...toRepeat.splice(0), ...inFlight.splice(0)]) {
        tally.repeats += 1;
        await sendAndNote(url, invite);
      }
    },
  };
}
