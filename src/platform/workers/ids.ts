import { v7 } from 'uuid';
import type { Ids } from '../../ports/ids.ts';

/** UUIDv7 from the uuid package: time-ordered, also within a millisecond. Not to be called while a module loads. */
export const ids: Ids = { uuid7: () => v7() };
