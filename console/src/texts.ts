/**
 * Every text of the console. A function where a number, a name or a time belongs in it. Sentences of the service
 * (`message`, `detail`) are shown as they come.
 */
const numbers = new Intl.NumberFormat();
const times = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const clockTimes = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const dayTimes = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });

export const count = (value: number): string => numbers.format(value);
export const dateAndTime = (iso: string): string => times.format(new Date(iso));
/** The day, too, where it may be another one. */
export const clockTime = (ms: number): string =>
  ms - Date.now() > 6 * 3_600_000 ? dayTimes.format(ms) : clockTimes.format(ms);

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
    unfinished: 'A list is not finished. Sign in, and it goes on where it stopped.',
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
  invite: {
    title: 'Invite people to Galileo',
    lead: 'Paste a list, check it, send it. Nothing is sent before you press Send.',
    list: {
      title: 'Addresses',
      label: 'E-mail addresses: a list, or CSV',
      hint: 'One per line, or separated by commas or semicolons. Names like “Ann <ann@acme.com>” are fine. You can also drop a file here.',
      choose: 'Choose a file …',
      clear: 'Clear',
      tooLarge: 'This file is too large for a list of addresses (more than 2 MB).',
      unreadable: 'This file cannot be read as text.',
      found: (n: number) => (n === 0 ? 'No address yet' : addresses(n)),
    },
    options: {
      title: 'How they join',
      role: 'Role',
      method: 'Sign-in method',
      groups: 'Groups',
      noGroups: 'Your rules name no group.',
      groupId: 'Another group, by its id',
      addGroup: 'Add',
      badGroup: 'This is not the id of a group. It looks like 9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d.',
      mail: 'Galileo sends an e-mail to each person',
      forbidden: 'Crossed out: not allowed by your rules.',
      forbiddenHere: 'Crossed out: not allowed by your rules for these addresses.',
      forced: (what: string, n: number, of: number) =>
        n === of ? `Set by the policy: ${what}.` : `Set by the policy for ${count(n)} of ${addresses(of)}: ${what}.`,
    },
    roleNames: { admin: 'Admin', manager: 'Manager', user: 'User', read_only: 'Read only' },
    methodNames: {
      email: 'E-mail and password',
      google: 'Google',
      github: 'GitHub',
      okta: 'Okta',
      'azure-ad': 'Azure AD',
      custom: 'Custom',
      saml: 'SAML',
      invite: 'Invite link',
    },
    mailSent: (isSent: boolean) => (isSent ? 'an e-mail is sent' : 'no e-mail is sent'),
    fixes: {
      otherDomain: (domains: readonly string[]) =>
        domains.length === 0
          ? 'No rule lets you invite anyone now.'
          : `Remove it, or ask for a rule. You may invite addresses at ${domains.join(', ')}.`,
      remove: 'Remove it from the list.',
      otherRole: (roles: readonly string[]) => `Choose another role: ${roles.join(', ')}.`,
      otherMethod: (methods: readonly string[]) => `Choose another sign-in method: ${methods.join(', ')}.`,
      otherGroups: (groups: readonly string[]) =>
        groups.length === 0 ? 'Choose no group.' : `Choose other groups: ${groups.join(', ')}.`,
    },
    quotas: {
      title: 'What is left',
      none: 'No limit over time applies to you.',
      left: (left: number, of: number) => `${count(left)} of ${count(of)} left`,
      reset: (s: number, at: number) => `Full again ${fromNow(s)} (${clockTime(at)}).`,
      short: (quota: string, left: number, s: number) =>
        `The quota ${quota} has ${addresses(left)} left. The rest can be sent ${fromNow(s)}: sending stops there, and you can resume.`,
    },
    preview: {
      title: 'What will happen',
      empty: 'Paste some addresses to see what the policy says about each of them.',
      checking: (done: number, of: number) => `Checking with the service: ${count(done)} of ${count(of)}`,
      checked: 'Checked with the service. Nothing has been sent.',
      failed: 'The list could not be checked',
      ready: 'Ready',
      refused: 'Refused',
      duplicates: 'Duplicates',
      malformed: 'Not addresses',
      tabs: 'Groups of the list',
      readyRow: 'Will be invited',
      openRow: 'Not refused by the rules that you can see',
      refusedRow: 'Refused by the rules that you can see',
      duplicateHint: 'These occur more than once. Each is invited once, so there is nothing to do.',
      malformedHint: 'These are not sent. Correct them in the list, or leave them out.',
      line: (n: number) => `Line ${count(n)}`,
      goTo: (n: number) => `Show line ${count(n)}`,
      reasons: {
        no_at_sign: 'There is no @ in it. Write the whole address.',
        several_words: 'There is a blank inside. Put a comma or a line end between two addresses.',
        malformed: 'It is not a valid address. Look for a typing error: an accent, two dots, a missing ending.',
      },
      removeRefused: 'Remove what is refused',
      removeMalformed: 'Remove what is no address',
      none: 'None.',
      more: (n: number) => `and ${count(n)} more`,
      columns: {
        address: 'Address',
        verdict: 'Verdict',
        fix: 'What helps',
        text: 'As written',
        line: 'Line',
        why: 'Why',
      },
    },
    send: (n: number) => (n === 1 ? 'Send 1 invite' : `Send ${count(n)} invites`),
    sendNothing: 'Send',
    leftOut: (n: number) =>
      n === 1 ? '1 entry of the list will not be sent.' : `${count(n)} entries of the list will not be sent.`,
    cannotSend: {
      empty: 'There is no address that may be sent.',
      checking: 'The list is being checked.',
    },
    run: {
      title: 'Sending',
      doneTitle: 'Sent',
      progress: (done: number, of: number) => `${count(done)} of ${addresses(of)}`,
      bar: 'Progress of the list',
      pause: 'Pause',
      pausing: 'Pausing after this batch …',
      resume: 'Resume',
      sendRest: 'Send the rest',
      newList: 'New list',
      again: 'Take the refused addresses to a new list',
      paused: 'Paused. Nothing is being sent.',
      interrupted: 'Sending was interrupted. Resume goes on where it stopped; nobody is invited twice.',
      unknown:
        'It is not known whether one batch was done. The service keeps looking, and this page follows it. You can send the rest meanwhile.',
      stoppedQuota: 'A quota is used up',
      stoppedLost: 'The service is not reached',
      stoppedOther: 'Sending has stopped',
      nobodyTwice: 'Resume goes on where it stopped; nobody is invited twice.',
      inDoubt: 'No answer came yet. Its batch is repeated safely, with the same key.',
      settledAccepted: 'Settled: Galileo had accepted it.',
      settledRefused: 'Settled: Galileo had refused it.',
      done: (invited: number) => (invited === 1 ? '1 person is invited.' : `${count(invited)} people are invited.`),
      leaveTitle: 'Begin a new list?',
      leave: (n: number) =>
        `${addresses(n)} of this list ${n === 1 ? 'is' : 'are'} not sent yet. A new list forgets them.`,
      leaveYes: 'Forget them',
      leaveNo: 'Keep this list',
    },
    results: {
      title: 'Results',
      filter: 'Show',
      all: 'All',
      kinds: { waiting: 'Waiting', in_doubt: 'In doubt', invited: 'Invited', refused: 'Refused', unknown: 'Unknown' },
      columns: { address: 'Address', result: 'Result', message: 'Message', request: 'Request' },
      copy: 'Copy addresses',
      copied: (n: number) => `${addresses(n)} copied`,
      copyFailed: 'The browser did not allow copying.',
      export: 'Export CSV',
      file: 'galileo-invites.csv',
      empty: 'No address has this result.',
      unknownHint: 'Being followed until it settles.',
    },
  },

  addresses,
} as const;
