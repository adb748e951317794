/**
 * The positions of the outbox. Each record has a block of positions: the first is its own, the others are for
 * checkpoints that are stored while it is the last record. Several checkpoints can be stored there, because signing
 * takes time: a checkpoint is stored later than the record that it covers. A position is final, so one cursor covers
 * records and checkpoints and skips none.
 */
export const POSITIONS_PER_RECORD = 16;

/** The position of a record. */
export function positionOf(seq: number): number {
  return seq * POSITIONS_PER_RECORD;
}

/** The last position before the next record. */
export function lastPositionAt(seq: number): number {
  return positionOf(seq + 1) - 1;
}

/** The record at a position, or the last one before it. */
export function seqAt(position: number): number {
  return Math.floor(position / POSITIONS_PER_RECORD);
}
