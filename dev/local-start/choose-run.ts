import { realSettings } from '../stand-ins.ts';

/**
 * Which service `npm start` runs: the real one, when a secret for Galileo and issuers are configured, or one with the pair of
 * stand-ins, when neither is. Pure. A secret is a key or a password, whatever GALILEO_AUTH says: stand-ins never run beside one.
 */
export type ChosenRun =
  | { readonly kind: 'real' }
  | { readonly kind: 'stand_ins' }
  | { readonly kind: 'refused'; readonly message: string };

export function chooseRun(env: Readonly<Record<string, string | undefined>>): ChosenRun {
  const real = realSettings(env);
  const hasSecret = real.some((name) => name.startsWith('GALILEO_'));
  const hasIssuers = real.some((name) => name.startsWith('AUTH_ISSUERS'));
  if (hasSecret !== hasIssuers) {
    return {
      kind: 'refused',
      message: `Set a Galileo key or password and AUTH_ISSUERS together, or neither: the stand-ins come as a pair and never beside ${real.join(', ')}.`,
    };
  }
  return { kind: hasSecret ? 'real' : 'stand_ins' };
}
