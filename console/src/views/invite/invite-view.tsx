import { TEXTS } from '../../texts.ts';

/** The view on which people invite. */
export function InviteView() {
  return <h1 tabIndex={-1}>{TEXTS.nav.invite}</h1>;
}
