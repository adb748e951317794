/** What is left of each quota of the person, and when it is full again. */
import type { QuotaLeft } from 'galileo-invite-client';
import { Meter } from '../../../parts/meter.tsx';
import { TEXTS } from '../../../texts.ts';

export interface QuotasProps {
  readonly quotas: readonly QuotaLeft[];
  readonly readAtMs: number;
}

export function Quotas({ quotas, readAtMs }: QuotasProps) {
  const texts = TEXTS.invite.quotas;
  return (
    <section class="card" aria-labelledby="quotas-title">
      <h2 id="quotas-title">{texts.title}</h2>
      {quotas.length === 0 ? <p class="quiet">{texts.none}</p> : null}
      {quotas.map(({ quota, limit, remaining, reset_s: resetS }) => (
        <Meter
          key={quota}
          label={quota}
          value={remaining}
          max={limit}
          says={texts.left(remaining, limit)}
          note={remaining === limit ? null : texts.reset(resetS, readAtMs + resetS * 1000)}
        />
      ))}
    </section>
  );
}
