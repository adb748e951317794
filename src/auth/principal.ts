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
   * The token names a group that cannot be read, so it may be any group: it matches no allow rule, and every deny rule
   * that names a caller by group. Absent when all groups can be read.
   */
  readonly hasUnreadableGroups?: true;
  /** `app` when the client acts for itself (client credentials), else `user`. */
  readonly kind: 'user' | 'app';
  readonly scopes: readonly Scope[];
  /** The token's `jti`, when it has one. */
  readonly tokenId: string | null;
  /** The token's `exp`, in seconds since the epoch. */
  readonly expiresAt: number;
}

export const SCOPES = ['invites:write', 'audit:read'] as const;
export type Scope = (typeof SCOPES)[number];
