/**
 * Every text of the console. A function where a number, a name or a time belongs in it. Sentences of the service
 * (`message`, `detail`) are shown as they come.
 */
const numbers = new Intl.NumberFormat();
const times = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const clockTimes = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });

export const count = (value: number): string => numbers.format(value);
export const dateAndTime = (iso: string): string => times.format(new Date(iso));
export const clockTime = (ms: number): string => clockTimes.format(ms);

/** "in 3 hours", with the largest unit that fits. */
export function fromNow(seconds: number): string {
  const [unit, size] =
    seconds >= 172_800
      ? (['day', 86_400] as const)
      : seconds >= 5_400
        ? (['hour', 3_600] as const)
        : seconds >= 90
          ? (['minute', 60] as const)
          : (['second', 1] as const);
  return relative.format(Math.ceil(seconds / size), unit);
}

const addresses = (n: number): string => (n === 1 ? '1 address' : `${count(n)} addresses`);

export const TEXTS = {
  title: 'Galileo invites',
  skip: 'Skip to the content',
  nav: { label: 'Views', invite: 'Invite', requests: 'My requests', audit: 'Audit' },

  session: {
    signIn: 'Sign in',
    signInAgain: 'Sign in again',
    signOut: 'Sign out',
    signedInAs: (person: string) => `Signed in as ${person}`,
    signedOutTitle: 'Invite colleagues to Galileo',
    signedOut:
      'Sign in with your organisation’s account. Your list stays in this tab, and nothing is stored elsewhere.',
    afterSignOut: 'You are signed out. The list and its progress are removed from this tab.',
    cancelled: 'You went back without signing in.',
    failedTitle: 'The sign-in did not work',
    failed:
      'The identity provider was not reached, or its answer could not be trusted. Try again. If this stays so, ask the people who run this service.',
    expiredTitle: 'Your sign-in has ended',
    expired: 'Sign in again to continue. Your list and its progress are still here.',
    notSetUpTitle: 'The console is not set up yet',
    notSetUp:
      'The people who run this service need to set CONSOLE_ISSUER and CONSOLE_CLIENT_ID. Programs can use the service already.',
  },

  states: {
    loading: 'Loading …',
    offlineTitle: 'You are offline',
    offline: 'What you see stays here. It goes on when the connection is back.',
    unreachableTitle: 'The service is not reached',
    notFoundTitle: 'There is no such page',
    notFound: 'The address may be mistyped.',
    toInvite: 'To the invite page',
    forbiddenTitle: 'You may not use this',
    retry: 'Try again',
    reference: (id: string) => `Reference for support: ${id}`,
    errorTitle: 'Something went wrong',
    close: 'Close',
    copy: 'Copy',
    copied: 'Copied',
    brokenTitle: 'The page has a fault',
    broken: 'Reload it. Your list is still in this tab.',
    reload: 'Reload',
  },
  addresses,
} as const;
