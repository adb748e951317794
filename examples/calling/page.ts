/** A whole page: signs in, shows the quota, invites one address, shows the verdict. */
import { createInviteClient } from 'galileo-invite-client';
import { finishSignIn, signIn } from './sign-in.ts';
import { invite } from './with-client.ts';

// As npm start prints them.
const SERVICE = 'http://127.0.0.1:8080';
const provider = { issuer: 'http://127.0.0.1:8081', clientId: 'hr-portal', scope: 'invites:write' };

const out = document.body.appendChild(document.createElement('output'));
out.style.whiteSpace = 'pre-line';
const show = (text: string): void => {
  out.textContent = text;
};
// A person who goes back at the sign-in may try again.
const token = await finishSignIn(provider).catch((failure: unknown) => {
  show(failure instanceof Error ? failure.message : 'The sign-in failed.');
  return null;
});
const form = document.body.appendChild(document.createElement('form'));
form.innerHTML =
  token === null ? '<button>Sign in</button>' : '<input name="email" type="email" required><button>Invite</button>';
const invites = createInviteClient({ url: SERVICE, token: () => token ?? '' });

form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (token === null) void signIn(provider);
  else void send(form.querySelector('input')?.value ?? '');
});

async function send(email: string): Promise<void> {
  show('Sending …');
  show((await invite(invites, { emails: [email], auth_method: 'okta' }, show)).join('\n'));
}
