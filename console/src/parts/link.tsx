import type { ComponentChildren } from 'preact';
import type { Router } from '../router.ts';

/** A real link that changes the view without loading the page again. With a modifier key the browser does as always. */
export interface LinkProps {
  readonly router: Router;
  readonly to: string;
  readonly children: ComponentChildren;
  readonly class?: string;
}

export function Link({ router, to, children, class: className }: LinkProps) {
  return (
    <a
      href={to}
      class={className}
      aria-current={router.path.value === to ? 'page' : undefined}
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
