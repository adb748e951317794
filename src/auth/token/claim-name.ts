/**
 * The name of a claim as a person configures it: a member, or a JSON Pointer (RFC 6901). Notations of other programs for
 * a nested claim are refused, because such a claim is never found and a deny rule by group then never matches. A dotted
 * name such as `https://acme.com/roles` may be the name of a claim, so only certain mistakes are refused. Pure.
 */

/** Claims that are objects wherever they are used: Keycloak, Supabase and Auth0, RFC 7800, RFC 8693. */
const NESTED = /^(?:realm_access|resource_access|app_metadata|user_metadata|cnf|act)\./;
/** A step that a person would write; any other text may be a secret that was pasted, and is not shown. */
const PLAIN_STEP = /^[A-Za-z_][\w.:-]{0,63}$/;

/** The problem of a name, as the second half of a sentence; null when there is none. */
export function claimNameFault(name: string): string | null {
  if (name.startsWith('/')) {
    return name.endsWith('/') ? `must not end in /${advice(name.split('/').filter((step) => step !== ''))}` : null;
  }
  const path = name.replace(/^\$\./, '');
  if (path === name && !NESTED.test(name)) return null;
  return `is a nested claim, which is written with slashes${advice(stepsOf(path))}`;
}

/** The name of a client of Keycloak, between the first and the last step, may have dots. */
function stepsOf(path: string): readonly string[] {
  const steps = path.split('.');
  if (steps[0] !== 'resource_access' || steps.length < 4) return steps;
  return ['resource_access', steps.slice(1, -1).join('.'), steps.at(-1) ?? ''];
}

function advice(steps: readonly string[]): string {
  return steps.length > 0 && steps.every((step) => PLAIN_STEP.test(step)) ? `: write /${steps.join('/')}` : '';
}
