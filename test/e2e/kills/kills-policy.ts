/** Allows everything that the callers ask for, and counts it. */
export const KILLS_POLICY = `
version: 1
callers: { hr-portal: { issuer: dev, client_id: [hr-portal] } }
rules: [{ id: hr-staff, allow: [hr-portal], domains: [acme.com], roles: any, auth_methods: any }]
quotas: [{ id: app-day, per: client_id, window: 1d, emails: 100000000 }]
`;
