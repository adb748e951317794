/**
 * One of a kind per environment object, which is per isolate, made when it is first asked for: a Worker learns its
 * bindings with its first event. Keeps what was made and never the promise of it, because whoever began that may be gone.
 * Two events that come first together make two, and the first to be ready stays. What is not worth keeping is made anew
 * for every event, until it is.
 */
export function perEnv<Env extends object, Made extends object>(
  make: (env: Env) => Promise<Made>,
  isWorthKeeping: (made: Made) => boolean,
): (env: Env) => Promise<Made> {
  const ready = new WeakMap<Env, Made>();
  return async (env) => {
    const known = ready.get(env);
    if (known !== undefined) return known;
    const made = await make(env);
    const first = ready.get(env) ?? made;
    if (isWorthKeeping(first)) ready.set(env, first);
    return first;
  };
}
