/** The caller, as proved by a verified token. Plain data; it contains nothing of the token itself but its id. */
export interface Principal {
  /** The issuer's short name from AUTH_ISSUERS. Policies refer to the issuer by it. */
  readonly issuer: string;
  /** The token's `iss`. */
  readonly issuerUrl: string;
  readonly subject: string;
  readonly clientId: string;
  /** The groups that can be read. */
  readonly groups: readonly string[];
  /**
   * The token names a group that cannot be read, or its issuer left groups out, so it may be any group: it matches no
   * allow rule, and every deny rule that names a caller by group. Absent when all groups can be read.
   */
  readonly hasUnreadableGroups?: true;
  /** `app` when the client acts for itself (client credentials), else `user`; in records also when it is unclear. */
  readonly kind: 'user' | 'app';
  /**
   * A claim that tells apps from users cannot be read, so the caller may be either: it matches no allow rule, and every
   * deny rule that names a caller by kind. Absent when the kind is clear.
   */
  readonly hasUnreadableKind?: true;
  readonly scopes: readonly Scope[];
  /** The token's `jti`, when it has one. */
  readonly tokenId: string | null;
  /** The token's `exp`, in seconds since the epoch. */
  readonly expiresAt: number;
}

export const SCOPES = ['invites:write', 'invites:settle', 'audit:read'] as const;
export type Scope = (typeof SCOPES)[number];
