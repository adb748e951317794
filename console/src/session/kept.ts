/**
 * What outlives a reload of the page, in this tab only (sessionStorage): a sign-in that is under way, the list and its
 * progress, and whose they are. Never a token. Signing out removes all of it, and so does the sign-in of another person.
 * A browser may refuse to keep anything; the console then works until the page is reloaded.
 */
const PREFIX = 'invite-console.';

export interface Kept<Value> {
  read(): Value | null;
  /** False when the browser keeps nothing: it is full, or not allowed to. */
  write(value: Value): boolean;
  remove(): void;
}

/** `isValid` checks what was kept, maybe by another version of this page. */
export function kept<Value>(name: string, isValid: (value: unknown) => value is Value): Kept<Value> {
  const key = PREFIX + name;
  const storage = (): Storage | null => {
    try {
      return sessionStorage;
    } catch {
      return null;
    }
  };
  return {
    read() {
      try {
        const value: unknown = JSON.parse(storage()?.getItem(key) ?? 'null');
        return isValid(value) ? value : null;
      } catch {
        return null;
      }
    },
    write(value) {
      try {
        const place = storage();
        place?.setItem(key, JSON.stringify(value));
        return place !== null;
      } catch {
        return false;
      }
    },
    remove() {
      storage()?.removeItem(key);
    },
  };
}

/** Everything of this console. */
export function removeAllKept(): void {
  try {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
  } catch {
    // Then nothing was kept.
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
