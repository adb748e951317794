/**
 * One value per environment object, and so per isolate, made at the first event: a Worker receives its bindings with
 * its first event. The value is kept and never its promise, because the request that began it may have ended. When two
 * first events run at once, each makes a value, and the first that is ready is kept. A value that `isReusable` rejects
 * is made again for each event.
 */
export function perEnv<Env extends object, Made extends object>(
  make: (env: Env) => Promise<Made>,
  isReusable: (made: Made) => boolean,
): (env: Env) => Promise<Made> {
  const ready = new WeakMap<Env, Made>();
  return async (env) => {
    const known = ready.get(env);
    if (known !== undefined) return known;
    const made = await make(env);
    const first = ready.get(env) ?? made;
    if (isReusable(first)) ready.set(env, first);
    return first;
  };
}
