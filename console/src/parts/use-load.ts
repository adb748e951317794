/**
 * What a view loads from the service: loading, loaded or failed. Leaving the view ends the call. A call that failed while the
 * browser was offline is made again as soon as it is back.
 */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

export type Loaded<Value> =
  | { readonly kind: 'loading' }
  | { readonly kind: 'loaded'; readonly value: Value }
  | { readonly kind: 'failed'; readonly problem: unknown };

export interface Load<Value> {
  readonly state: Loaded<Value>;
  /** Loads again, and shows that it does. */
  readonly again: () => void;
  /** Puts what is known by now in place of what was loaded. */
  readonly set: (value: Value) => void;
}

/** Calls this when the connection is back. Null: there is nothing to do then. */
export function useOnline(act: (() => void) | null): void {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    const run = (): void => latest.current?.();
    addEventListener('online', run);
    return () => removeEventListener('online', run);
  }, []);
}

/** `load` is called again when one of `keys` changes. */
export function useLoad<Value>(
  load: (signal: AbortSignal) => Promise<Value>,
  keys: readonly (string | number | null)[],
): Load<Value> {
  const [state, setState] = useState<Loaded<Value>>({ kind: 'loading' });
  const [tries, setTries] = useState(0);
  const again = useCallback(() => setTries((before) => before + 1), []);
  useEffect(() => {
    const ended = new AbortController();
    setState({ kind: 'loading' });
    load(ended.signal).then(
      (value) => {
        if (!ended.signal.aborted) setState({ kind: 'loaded', value });
      },
      (problem: unknown) => {
        if (!ended.signal.aborted) setState({ kind: 'failed', problem });
      },
    );
    return () => ended.abort();
  }, [...keys, tries]);
  useOnline(state.kind === 'failed' ? again : null);
  return { state, again, set: (value) => setState({ kind: 'loaded', value }) };
}
