import { answerDate } from '../lib/http/answer-date.ts';
import type { HttpPort } from '../ports/http.ts';
import type { Witness } from './trusted-time.ts';

/**
 * What the `Date` of a complete answer says about the present. Only an answer over https is a witness: TLS
 * authenticates the server that set the field.
 */
export function answerWitness(url: string, headers: Readonly<Record<string, string | undefined>>): Witness | null {
  const date = url.startsWith('https:') ? answerDate(headers) : null;
  return date === null ? null : { atMs: date.earliestMs, kind: 'now' };
}

/** An HTTP port that reports every witness among its answers. */
export function withWitnesses(http: HttpPort, hear: (witness: Witness) => void): HttpPort {
  return {
    async exchange(request) {
      const result = await http.exchange(request);
      const witness = result.kind === 'answered' ? answerWitness(request.url, result.headers) : null;
      if (witness !== null) hear(witness);
      return result;
    },
  };
}
