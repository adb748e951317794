/**
 * The people of the stand-in identity provider. Each one shows another side of dev/policy.yaml. Nobody has a password:
 * at the sign-in page a developer picks who to be.
 */
export interface Person {
  readonly name: string;
  readonly email: string;
  /** For the developer who picks. */
  readonly about: string;
  readonly groups: readonly string[];
  readonly scopes: readonly string[];
}

/** By the `sub` of their tokens. */
export const PEOPLE: Readonly<Record<string, Person>> = {
  ann: {
    name: 'Ann',
    email: 'ann@acme.com',
    about: 'in no group: may invite @acme.com as user or read_only',
    groups: [],
    scopes: ['invites:write'],
  },
  ian: {
    name: 'Ian',
    email: 'ian@acme.com',
    about: 'in the group it-admins: may also invite @partner.io, with any role',
    groups: ['it-admins'],
    scopes: ['invites:write'],
  },
  kim: {
    name: 'Kim',
    email: 'kim@acme.com',
    about: 'an admin: invites like Ian, reads the audit trail, settles unknown outcomes',
    groups: ['it-admins'],
    scopes: ['invites:write', 'invites:settle', 'audit:read'],
  },
  nora: {
    name: 'Nora',
    email: 'nora@acme.com',
    about: 'has no rights here: every call is a 403',
    groups: [],
    scopes: [],
  },
};
