/**
 * Counts the bytes of answers that clients have not read yet and that therefore are in the memory of this process, over
 * all connections. Beyond the bound the app refuses further requests (middleware/limits/limit-answers). The static
 * documents, marked `Cache-Control: public`, do not count: all answers share their bytes.
 */
import type { ServerResponse } from 'node:http';
import { createInFlight } from '../../../lib/in-flight.ts';
import type { AnswersInFlight } from '../../../ports/answers-in-flight.ts';

/**
 * Answers under way when the bound is reached come on top. The bulkheads bound them: at most 82 pages of half a mebibyte,
 * and the answers to 384 invites, of up to about 150 KiB.
 */
export const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

type FetchHandler = (request: Request, platformRequest: object) => Response | Promise<Response>;

export interface AnswerCounter extends AnswersInFlight {
  /** The same handler, with its answers counted until they have left. */
  count(fetch: FetchHandler): FetchHandler;
}

export function createAnswersInFlight(maxBytes: number = MAX_ANSWER_BYTES): AnswerCounter {
  const answers = createInFlight<{ outgoing: ServerResponse; response: Response }>();
  return {
    count: (fetch) => async (request, platformRequest) => {
      const response = await fetch(request, platformRequest);
      const { outgoing } = platformRequest as { readonly outgoing: ServerResponse };
      if (!outgoing.closed) {
        outgoing.once('close', answers.add({ outgoing, response }));
      }
      return response;
    },
    isFull() {
      let bytes = 0;
      for (const { outgoing, response } of answers)
        if (outgoing.writableLength > 0 && !sharesBytes(response)) bytes += outgoing.writableLength;
      return bytes >= maxBytes;
    },
  };
}

/** Asked only where bytes wait: the fields of an answer become an object of the Fetch standard when they are read. */
function sharesBytes({ headers }: Response): boolean {
  return headers.get('Cache-Control')?.startsWith('public') === true;
}
