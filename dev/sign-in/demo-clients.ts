/** The clients of the stand-in identity provider. The secrets are printed in the documentation. */
export interface DemoClient {
  readonly secret: string;
  readonly scopes: readonly string[];
  readonly groups: readonly string[];
  /** The person whose tokens it gets with its own credentials; left out: those tokens are of the client itself. */
  readonly subject?: string;
  /** It is also a page in a browser, which has no secret: people sign in to it, from any address of this machine. */
  readonly hasPage?: true;
}

export const DEMO_CLIENTS: Readonly<Record<string, DemoClient>> = {
  'hr-portal': { secret: 'hr-portal-demo', scopes: ['invites:write'], groups: [], hasPage: true },
  'it-desk': { secret: 'it-desk-demo', scopes: ['invites:write'], groups: ['it-admins'] },
  'audit-desk': { secret: 'audit-desk-demo', scopes: ['audit:read'], groups: [] },
  'settle-desk': { secret: 'settle-desk-demo', scopes: ['invites:settle'], groups: [], subject: 'kim' },
  'no-rights': { secret: 'no-rights-demo', scopes: [], groups: [] },
};

/** The scopes that mean something to the service. */
export const API_SCOPES = ['invites:write', 'invites:settle', 'audit:read'] as const;

export function demoClient(id: string | null): DemoClient | null {
  return id !== null && Object.hasOwn(DEMO_CLIENTS, id) ? (DEMO_CLIENTS[id] ?? null) : null;
}
