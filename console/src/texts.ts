/**
 * Every text of the console. A function where a number, a name or a time belongs in it. Sentences of the service
 * (`message`, `detail`) are shown as they come.
 */
const numbers = new Intl.NumberFormat();
const times = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const clockTimes = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const dayTimes = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });

/** Words that are written from right to left must not change the order of the sentence around them. */
export const isolated = (words: string): string =>
  /[\u0590-\u08ff\u200f]/.test(words) ? `\u2068${words}\u2069` : words;

export const count = (value: number): string => numbers.format(value);
export const dateAndTime = (iso: string): string => isolated(times.format(new Date(iso)));
/** The day, too, where it may be another one. */
export const clockTime = (ms: number): string =>
  isolated((ms - Date.now() > 6 * 3_600_000 ? dayTimes : clockTimes).format(ms));

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
  return isolated(relative.format(Math.ceil(seconds / size), unit));
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
    signedOut: 'Sign in with your organisation’s account.',
    keptHere: 'Your list stays in this tab, and nothing is stored elsewhere.',
    afterSignOut: 'You are signed out. The list and its progress are removed from this tab.',
    unfinished: 'A list is not finished. Sign in to go on where it stopped.',
    cancelled: 'You went back without signing in.',
    failedTitle: 'The sign-in did not work',
    failed: {
      provider:
        'The identity provider was not reached, or its answer could not be trusted. Try again. If this stays so, ask the people who run this service.',
      storage:
        'This browser keeps nothing for this page, so it would not find its way back from the sign-in. Allow cookies and site data for this address in the settings of the browser, and try again.',
      clock:
        'The clock of this computer does not agree with that of the identity provider. Set it right, with its time zone, and try again.',
    },
    notRenewed:
      'The identity provider does not renew your sign-in at the moment. Try again later, or reload the page and sign in again: your list is kept.',
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
      hint: 'One per line, separated by commas, or a table from a spreadsheet. Names like “Ann <ann@acme.com>” are fine. You can also drop a file here.',
      otherColumns: (n: number) =>
        n === 0
          ? ''
          : `${n === 1 ? 'One other column' : `${count(n)} other columns`} of the table ${n === 1 ? 'is' : 'are'} left out.`,
      choose: 'Choose a file …',
      clear: 'Clear',
      tooLarge: (name: string) => `“${name}” is too large for a list of addresses (more than 2 MB).`,
      unreadable: (name: string) => `“${name}” cannot be read as text. Save a spreadsheet as CSV first.`,
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
      notChecked: 'Not checked yet.',
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
        several_words:
          'There are other words beside the address. Leave the address alone on its line, or put a comma after it.',
        malformed:
          'It is not a valid address. Look for a typing error: an accent, two dots, a dot at the end, a missing ending.',
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
      titles: { sending: 'Sending', pausing: 'Sending', paused: 'Paused', stopped: 'Stopped', done: 'Sent' },
      fullAgain: (when: string) => `Full again: ${when}.`,
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
      known: 'It is known now what became of that batch. The rest is not sent yet.',
      outdated:
        'This list was begun more than six days ago. The service may no longer recognise what was sent before, so it is not continued. Look at My requests, and begin a new list with the people who are missing.',
      notKept:
        'This browser cannot keep the list. Leave this page open until all of it is sent: after a reload the page does not know what was sent.',
      unknownLeft: 'It is not known yet whether the others are. The service keeps looking, and this page follows it.',
      stoppedQuota: 'A quota is used up',
      stoppedLost: 'The service is not reached',
      stoppedOther: 'Sending has stopped',
      nobodyTwice: 'Resume goes on where it stopped; nobody is invited twice.',
      inDoubt: 'No answer came yet. Its batch is repeated safely, with the same key.',
      settledAccepted: 'Settled: Galileo had accepted it.',
      settledRefused: 'Settled: Galileo had refused it.',
      done: (invited: number) => (invited === 1 ? '1 person is invited.' : `${count(invited)} people are invited.`),
      refused: (n: number) => (n === 1 ? '1 address is refused.' : `${addresses(n)} are refused.`),
      galileoSays: (message: string) => `Galileo says: ${message}`,
      refusedTogether: (message: string) => `Refused with its whole batch. Galileo says: ${message}`,
      refusedForOthers: 'Refused with its whole batch, because of other addresses in it.',
      togetherTitle: (n: number) => `${addresses(n)} ${n === 1 ? 'was' : 'were'} refused with the whole batch`,
      together:
        'Galileo takes all of a batch or nothing, so one address can be the reason for all of them. None of these people got an invitation. When they are sent in smaller batches, those who are not the reason get through.',
      sendSmaller: 'Send them again in smaller batches',
      leaveTitle: 'Begin a new list?',
      leave: (n: number) =>
        `${addresses(n)} of this list ${n === 1 ? 'is' : 'are'} not sent yet. A new list forgets them.`,
      leaveYes: 'Forget them',
      leaveNo: 'Keep this list',
    },
    results: {
      title: 'Results',
      caption: 'Result of each address',
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

export const REQUEST_TEXTS = {
  intro: 'What became of the invitations that you sent, newest first.',
  none: 'You have not invited anyone yet.',
  noneFound: 'None of the requests shown here matches.',
  search: 'Search',
  searchHint: 'An address, a role or an id. It stays in this page.',
  stateFilter: 'State',
  allStates: 'All',
  shown: (found: number, loaded: number, isAll: boolean): string =>
    found === loaded
      ? `${count(loaded)} ${loaded === 1 ? 'request' : 'requests'}${isAll ? '' : ', older ones are not loaded yet'}`
      : `${count(found)} of ${count(loaded)} requests${isAll ? '' : '; older ones are not searched yet'}`,
  loadOlder: 'Load older requests',
  settledNow: (state: string): string => `An outcome is known now: ${state}.`,
  when: 'Asked',
  people: 'People',
  state: 'State',
  as: 'Role',
  unreadable: 'cannot be read',
  unreadableTime: 'time unknown',
  someOf: (shown: readonly string[], all: number): string => {
    const more = all - shown.length;
    if (shown.length === 0) return addresses(all);
    return more > 0 ? `${shown.join(', ')} and ${count(more)} more` : shown.join(', ');
  },
  states: {
    open: 'Under way',
    accepted: 'Invited',
    refused: 'Refused by Galileo',
    not_sent: 'Not sent',
    unknown: 'Outcome unknown',
    denied: 'Refused',
  },
  meaning: {
    open: 'It is on its way to Galileo.',
    accepted: 'Galileo has accepted it.',
    refused: 'Galileo has refused it. No one was invited by it.',
    not_sent: 'Nothing went to Galileo. You may try it again.',
    unknown: 'It may or may not have been done. Do not send it again before you know.',
    denied: 'The policy or a quota has refused it. Nothing went to Galileo.',
  },
  roles: { admin: 'Admin', manager: 'Manager', user: 'User', read_only: 'Read only' },

  title: 'Request',
  backToRequests: '← My requests',
  backToAudit: '← Audit',
  notFoundTitle: 'There is no such request',
  notFound: 'It does not exist, or it is not yours.',
  followedTitle: 'This page follows it',
  followed: 'The state changes here by itself as soon as the outcome is known.',
  damagedTitle: 'A part of it cannot be read',
  damaged: 'What is shown is what can be read. The people who run this service know about it.',
  story: 'What happened',
  noStory: 'Nothing is on record yet.',
  replaysLeftOut: (n: number): string => `${count(n)} earlier ${n === 1 ? 'repeat is' : 'repeats are'} not shown.`,
  facts: 'Details',
  endedAt: 'Ended',
  expiresAt: 'Becomes unknown',
  by: 'Asked by',
  byWhom: (subject: string, client: string): string => `${subject}, with ${client}`,
  method: 'Sign-in method',
  groups: 'Groups',
  mail: 'Mail',
  mailYes: 'Galileo sends one',
  mailNo: 'none',
  forced: (field: string): string => `Set by the policy: ${field}`,
  byRule: (rule: string): string => `(rule ${rule})`,
  quota: 'Quota',
  note: 'Note',
  settledBy: 'Settled by',
  attempt: (n: number): string => `Exchange ${n}`,
  attemptSays: ({ result, status, reason, duration_ms: ms }: AttemptFacts): string =>
    `${[result, status, reason].filter((one) => one !== undefined).join(' ')}, ${count(Math.round(ms))} ms`,
  id: 'Request id',
  trace: 'Trace id',
  policy: 'Policy',
  bytes: 'SHA-256 of what was sent',
  address: 'Address',
  addressesCaption: 'Addresses and what was decided about them',
  noAddresses: 'No address is on record.',
  decision: 'Decision',
  decisions: { allow: 'Allowed', deny: 'Refused' },
  rule: 'Rule',
  ruleAndReason: (rule: string | null, because: readonly string[]): string =>
    because.length === 0 ? (rule ?? '') : `${rule ?? 'none'} (${because.join(', ')})`,

  settle: {
    title: 'Settle it',
    intro:
      'Look these people up in Galileo first. Your answer goes on record with your name, and a repeat of the request gets it.',
    question: 'Does Galileo have them?',
    endings: { accepted: 'Yes: they were invited', refused: 'No: they were not, and will not be' },
    note: 'How you know',
    noteHint: 'One line, without a mail address. It stays in the audit trail.',
    chooseFirst: 'Choose one of the two first.',
    noteFirst: 'Say how you know first.',
    submit: 'Settle',
    confirmTitle: 'Settle it for good?',
    confirmSays: {
      accepted: 'The request counts as done. This cannot be undone.',
      refused: 'The request counts as not done, and its addresses go back to their quotas. This cannot be undone.',
    },
    confirm: 'Settle it',
    cancel: 'Back',
  },
} as const;

interface AttemptFacts {
  readonly result: string;
  readonly status?: number;
  readonly reason?: string;
  readonly duration_ms: number;
}

const hours = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' });
const days = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });

interface ChartFigures {
  readonly invited: number;
  readonly refused: number;
  readonly unknown: number;
  readonly suppressed: number;
}

const figures = ({ invited, refused, unknown, suppressed }: ChartFigures): string =>
  [
    `${count(invited)} invited`,
    `${count(refused)} refused`,
    `${count(unknown)} unknown`,
    ...(suppressed === 0 ? [] : [`${count(suppressed)} only counted`]),
  ].join(', ');

export const AUDIT_TEXTS = {
  intro: 'The audit trail of this service. What you read here is on record, too.',
  filters: {
    title: 'Filters',
    period: 'Period',
    periods: { day: '24 hours', week: '7 days', month: '30 days', quarter: '90 days' },
    outcome: 'Result',
    kind: 'Kind of record',
    any: 'Any',
    more: 'More filters',
    fields: {
      email: 'Invited address',
      subject: 'Who asked (sub)',
      client_id: 'With which app (client id)',
      rule: 'Rule or limit',
      request_id: 'Request id',
    },
    note: 'All filters must match. They are sent in the body of a request and appear in no address or log.',
    search: 'Search',
    clear: 'Clear the filters',
  },
  results: {
    admitted: 'Admitted',
    accepted: 'Invited',
    denied: 'Refused by the policy',
    refused: 'Refused by Galileo',
    not_sent: 'Not sent',
    unknown: 'Outcome unknown',
    replayed: 'Repeated answer',
    previewed: 'Dry run',
    suppressed: 'Only counted',
  },
  kinds: {
    intent: 'Intent',
    outcome: 'Outcome',
    denial: 'Refusal',
    replay: 'Repeat',
    dry_run: 'Dry run',
    reconciliation: 'Settlement',
    suppressed: 'Counted only',
    change: 'Change',
    read: 'Read of the trail',
  },
  chart: {
    title: 'Requests over time',
    series: { invited: 'Invited', refused: 'Refused', unknown: 'Outcome unknown', suppressed: 'Only counted' },
    totals: (totals: ChartFigures): string => `In this period: ${figures(totals)}.`,
    says: (totals: ChartFigures): string => `Bar chart of requests over time. In all: ${figures(totals)}.`,
    bar: (label: string, bar: ChartFigures): string => `${label}: ${figures(bar)}`,
    label: (fromMs: number, step: 'hour' | 'day'): string => isolated((step === 'hour' ? hours : days).format(fromMs)),
    countedTo: (seq: number): string => `Counting: up to record ${count(seq)} so far.`,
    asTable: 'The figures as a table',
    caption: 'Requests by time (UTC) and result',
    time: 'Time (UTC)',
  },
  trail: {
    title: 'The trail',
    caption: 'Records that match',
    found: (n: number, next: number | null): string =>
      `${count(n)} ${n === 1 ? 'record' : 'records'}, oldest first${next === null ? '.' : `; searched up to record ${count(next)}.`}`,
    none: 'No record of this period matches.',
    unreadable: (n: number): string => `${count(n)} ${n === 1 ? 'record' : 'records'} cannot be read`,
    more: 'Search on',
    seq: 'No.',
    time: 'Time',
    what: 'What',
    who: 'Who',
    about: 'More',
    story: 'Story',
    record: 'Record',
    service: 'the service',
    actor: (subject: string, client: string): string => (subject === client ? subject : `${subject}, with ${client}`),
    reads: (n: number): string => `Trail read ${n === 1 ? 'once' : `${count(n)} times`}`,
    suppressed: (n: number): string => `${count(n)} only counted`,
  },
  chain: {
    title: 'How far it is proven',
    faultTitle: 'The trail is not what the service wrote',
    fault: (seq: number, reason: string): string =>
      `The verification stopped at record ${count(seq)} (${reason}). No checkpoint is made before that is cleared up.`,
    last: 'Last record',
    lastSays: (last: number, dropped: number): string =>
      `no. ${count(last)}${dropped === 0 ? '' : `; up to no. ${count(dropped)} dropped for their age`}`,
    verified: 'Verified',
    allVerified: 'all records',
    verifiedTo: (to: number, last: number): string => `up to no. ${count(to)}; ${count(last - to)} to go`,
    checkpoint: 'Last checkpoint',
    noCheckpoint: 'none yet',
    checkpointSays: (upTo: number, at: string): string => `no. ${count(upTo)}, ${at}`,
    sink: (name: string): string => `Delivered to ${name}`,
    delivered: 'everything',
    behind: (records: string, lagS: number): string => `${records} to go, oldest ${count(lagS)} s old`,
    head: 'Hash of the last record',
    note: 'The service verifies every record before a checkpoint covers it. Proof against the service itself are checkpoints that you keep elsewhere.',
  },
  changes: {
    title: 'Policy and changes',
    inForce: 'Policy in force:',
    show: 'Show the policy',
    none: 'Nothing changed in the last 90 days.',
    policy: (digest: string, hasBefore: boolean): string =>
      hasBefore ? `What is different in ${digest}` : `Show ${digest}`,
    marks: { same: '  ', gone: '− ', new: '+ ', left_out: '  ' },
    what: {
      service_started: 'The service started',
      service_stopped: 'The service stopped',
      policy_taken: 'A policy came into force',
      policy_refused: 'A changed policy was refused',
      key_slot_changed: 'A Galileo key changed',
      checkpoint_key_changed: 'Checkpoints are signed with another key',
      restored: 'The ledger was restored from a backup',
    },
    refused: (problems: number): string =>
      `It had ${count(problems)} ${problems === 1 ? 'problem' : 'problems'}; the one before stayed in force.`,
    key: (slot: string, from: string | null, to: string | null): string =>
      `Slot ${slot}: ${from ?? 'empty'} → ${to ?? 'empty'}`,
    checkpointKey: (from: string | null, to: string | null): string => `${from ?? 'unsigned'} → ${to ?? 'unsigned'}`,
    restored: (records: number): string => `The backup held ${count(records)} records.`,
  },
} as const;
