/**
 * The views by path. Links are real addresses, so each view can be opened by itself, in a new tab too. No address of a
 * person is ever in one.
 */
import type { ReadonlySignal } from '@preact/signals';
import { signal } from '@preact/signals';
import { focusHeading } from './parts/use-found-focus.ts';

export type View =
  | { readonly kind: 'invite' }
  | { readonly kind: 'requests' }
  | { readonly kind: 'request'; readonly id: string }
  | { readonly kind: 'audit' }
  | { readonly kind: 'audit_request'; readonly id: string }
  | { readonly kind: 'unknown' };

export interface Router {
  readonly path: ReadonlySignal<string>;
  readonly go: (path: string) => void;
}

const ROUTES: readonly (readonly [form: RegExp, view: (id: string) => View])[] = [
  [/^\/console\/?$/, () => ({ kind: 'invite' })],
  [/^\/console\/requests$/, () => ({ kind: 'requests' })],
  [/^\/console\/requests\/(?<id>[0-9a-f-]{36})$/, (id) => ({ kind: 'request', id })],
  [/^\/console\/audit$/, () => ({ kind: 'audit' })],
  [/^\/console\/audit\/(?<id>[0-9a-f-]{36})$/, (id) => ({ kind: 'audit_request', id })],
];

export function viewOf(path: string): View {
  for (const [form, view] of ROUTES) {
    const found = form.exec(path);
    if (found !== null) return view(found.groups?.['id'] ?? '');
  }
  return { kind: 'unknown' };
}

export function createRouter(): Router {
  const path = signal(location.pathname);
  addEventListener('popstate', () => {
    path.value = location.pathname;
    // The browser itself goes back to where the view was read.
    requestAnimationFrame(() => focusHeading({ preventScroll: true }));
  });
  return {
    path,
    go(to) {
      if (to !== location.pathname) history.pushState(null, '', to);
      path.value = to;
      // As a browser does it for a page: the new view begins at its top, and a screen reader reads its heading.
      scrollTo(0, 0);
      requestAnimationFrame(() => focusHeading());
    },
  };
}
