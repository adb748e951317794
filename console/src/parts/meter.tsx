import { useId } from 'preact/hooks';

/** How much of a limit is left. The words say it, too: the bar is for a quick look only. */
export interface MeterProps {
  readonly label: string;
  readonly value: number;
  readonly max: number;
  /** "12 of 40 left". */
  readonly says: string;
  readonly note?: string | null;
}

export function Meter({ label, value, max, says, note = null }: MeterProps) {
  const id = useId();
  const share = max <= 0 ? 0 : Math.min(1, Math.max(0, value / max));
  const level = share === 0 ? 'used-up' : share <= 0.2 ? 'low' : 'fine';
  return (
    <div class="meter">
      <span class="meter-label" id={id}>
        {label}
      </span>
      <span class="meter-says">{says}</span>
      <svg class={`bar ${level}`} viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-labelledby={id}>
        <rect class="track" width="100" height="4" />
        <rect class="fill" width={share * 100} height="4" />
      </svg>
      {note === null ? null : <span class="meter-note">{note}</span>}
    </div>
  );
}
