export interface InviteUsersRequest {
  auth_method: 'email' | 'google' | 'github' | 'okta' | 'azure-ad' | 'custom' | 'saml' | 'invite';
  emails: string[];
  role: 'admin' | 'manager' | 'user' | 'read_only';
  group_ids: string[];
  send_email: boolean;
}
