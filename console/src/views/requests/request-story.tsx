import type { InviteRequest } from 'galileo-invite-client';
import { Empty } from '../../parts/states.tsx';
import { dateAndTime, REQUEST_TEXTS } from '../../texts.ts';

/** The story of a request in the sentences of the service, in the order of its records. */
export function RequestStory({ request }: { readonly request: InviteRequest }) {
  const { events = [], replays_left_out: leftOut = 0 } = request;
  if (events.length === 0) return <Empty>{REQUEST_TEXTS.noStory}</Empty>;
  return (
    <>
      <ol class="story">
        {events.map(({ at, event, message }, place) => (
          <li key={`${place} ${event}`} class={event}>
            <p class="quiet">
              {at === null ? REQUEST_TEXTS.unreadableTime : <time dateTime={at}>{dateAndTime(at)}</time>}
            </p>
            <p>{message}</p>
          </li>
        ))}
      </ol>
      {leftOut === 0 ? null : <p class="quiet">{REQUEST_TEXTS.replaysLeftOut(leftOut)}</p>}
    </>
  );
}
