/**
 * A test for texts that hold one of the Galileo keys in force. Null when the keys cannot be read: then no text can be
 * called free of them.
 */
import type { Secrets } from '../ports/secrets.ts';
import { createKeySearch } from '../upstream/api-keys.ts';

export async function galileoKeySearch(
  secrets: Pick<Secrets, 'galileoKeys'>,
): Promise<((text: string) => boolean) | null> {
  const keys = await secrets.galileoKeys().catch(() => null);
  if (keys === null) return null;
  return createKeySearch(keys.next === null ? [keys.current] : [keys.current, keys.next]);
}
