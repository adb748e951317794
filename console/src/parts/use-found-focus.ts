/**
 * What has the focus may go away: a button that was pressed, a link to a view. Then the heading of the view gets it, so that
 * the keyboard and a screen reader go on there and not at the top of the page. Nothing happens when the page opens.
 */
import { useEffect, useRef } from 'preact/hooks';

/** `key`: changes when a part of the view is replaced. */
export function useFoundFocus(key: string): void {
  const before = useRef(key);
  useEffect(() => {
    if (before.current !== key && document.activeElement === document.body) focusHeading();
    before.current = key;
  }, [key]);
}

export function focusHeading(options?: FocusOptions): void {
  document.querySelector<HTMLElement>('main h1')?.focus(options);
}
