import { v7 } from 'uuid';
import type { Ids } from '../../ports/ids.ts';

/** UUIDv7 from the uuid package: time-ordered, also within a millisecond. */
export const ids: Ids = { uuid7: () => v7() };
