import type { InviteRequest } from 'galileo-invite-client';
import { Badge } from '../../parts/badge.tsx';
import { Empty } from '../../parts/states.tsx';
import type { Column } from '../../parts/table.tsx';
import { Table } from '../../parts/table.tsx';
import { REQUEST_TEXTS } from '../../texts.ts';

/** Every address of a request, with what the policy decided about it. */
interface Row {
  readonly email: string;
  readonly decision: 'allow' | 'deny' | null;
  readonly rule: string | null;
  readonly because: readonly string[];
}

const COLUMNS: readonly Column<Row>[] = [
  { title: REQUEST_TEXTS.address, cell: ({ email }) => email },
  {
    title: REQUEST_TEXTS.decision,
    cell: ({ decision }) =>
      decision === null ? (
        ''
      ) : (
        <Badge tone={decision === 'allow' ? 'good' : 'bad'}>{REQUEST_TEXTS.decisions[decision]}</Badge>
      ),
  },
  { title: REQUEST_TEXTS.rule, cell: ({ rule, because }) => REQUEST_TEXTS.ruleAndReason(rule, because) },
];

export function RequestAddresses({ request }: { readonly request: InviteRequest }) {
  const rows = rowsOf(request);
  if (rows.length === 0) return <Empty>{REQUEST_TEXTS.noAddresses}</Empty>;
  return <Table caption={REQUEST_TEXTS.addressesCaption} columns={COLUMNS} rows={rows} keyOf={({ email }) => email} />;
}

function rowsOf({ request, policy }: InviteRequest): readonly Row[] {
  const decisions = policy?.decisions ?? [];
  return (request?.emails ?? []).map((email) => {
    // A single decision is about all of them.
    const own = decisions.length === 1 ? decisions[0] : decisions.find(({ emails }) => emails?.includes(email));
    return { email, decision: own?.decision ?? null, rule: own?.rule ?? null, because: own?.because ?? [] };
  });
}
