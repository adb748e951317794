/**
 * What a page has in a browser and Node has not: an address, a history, storage of its tab, and a network that answers as the
 * test says. It is there until the test ends.
 */
import { onTestFinished } from 'vitest';

export interface Browser {
  /** What the tab keeps over a reload, by key. */
  readonly kept: Readonly<Record<string, string>>;
  /** Where the page sent the browser. */
  readonly visited: readonly string[];
  /** Whether the page wants the person asked before it is left. */
  readonly asksBeforeLeaving: () => boolean;
  /** The connection is back. */
  readonly goesOnline: () => void;
}

export interface BrowserOptions {
  readonly url: string;
  readonly kept?: Readonly<Record<string, unknown>>;
  /** The tab keeps nothing more. */
  readonly isFull?: boolean;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
}

class TabStorage {
  [key: string]: unknown;

  getItem(key: string): string | null {
    return Object.hasOwn(this, key) ? String(this[key]) : null;
  }

  setItem(key: string, value: string): void {
    this[key] = value;
  }

  removeItem(key: string): void {
    delete this[key];
  }
}

export function openBrowser({ url, kept = {}, isFull = false, fetch }: BrowserOptions): Browser {
  const storage = new TabStorage();
  for (const [key, value] of Object.entries(kept)) storage.setItem(key, JSON.stringify(value));
  if (isFull)
    Object.defineProperty(storage, 'setItem', {
      value: () => {
        throw new DOMException('full', 'QuotaExceededError');
      },
    });
  const page = new EventTarget();
  const visited: string[] = [];
  const address = new URL(url);
  const location = {
    origin: address.origin,
    pathname: address.pathname,
    search: address.search,
    assign: (to: URL | string) => void visited.push(String(to)),
    reload: () => undefined,
  };
  const history = {
    replaceState(_state: unknown, _title: string, to: string) {
      const { pathname, search } = new URL(to, address);
      Object.assign(location, { pathname, search });
    },
  };
  const supplied = {
    ...{ sessionStorage: storage, location, history, addEventListener: page.addEventListener.bind(page) },
    fetch: async (to: unknown, init: RequestInit = {}) =>
      await fetch(to instanceof Request ? to.url : String(to), init),
  };
  for (const [name, value] of Object.entries(supplied)) supply(name, value);
  return {
    kept: storage as unknown as Browser['kept'],
    visited,
    goesOnline: () => void page.dispatchEvent(new Event('online')),
    asksBeforeLeaving: () => !page.dispatchEvent(new Event('beforeunload', { cancelable: true })),
  };
}

function supply(name: string, value: unknown): void {
  const before = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  onTestFinished(() => {
    if (before === undefined) Reflect.deleteProperty(globalThis, name);
    else Object.defineProperty(globalThis, name, before);
  });
}
