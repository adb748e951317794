import type { ComponentChildren } from 'preact';
import type { Router } from '../router.ts';

/** A real link that changes the view without loading the page again. With a modifier key the browser does as always. */
export interface LinkProps {
  readonly router: Router;
  readonly to: string;
  readonly children: ComponentChildren;
  readonly class?: string;
  /** It leads to a view with views below it, and is marked in these as well. */
  readonly hasViewsBelow?: boolean;
}

export function Link({ router, to, children, class: className, hasViewsBelow = false }: LinkProps) {
  const path = router.path.value;
  const isBelow = hasViewsBelow && path.startsWith(`${to}/`);
  return (
    <a
      href={to}
      class={className}
      aria-current={path === to ? 'page' : isBelow ? 'true' : undefined}
      onClick={(event) => {
        if (event.defaultPrevented || event.button !== 0) return;
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        router.go(to);
      }}
    >
      {children}
    </a>
  );
}
