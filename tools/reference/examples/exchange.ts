/** Questions about an example exchange of the contract (src/openapi/examples). */
import type { ExampleAnswer, ExampleExchange } from '../../../src/openapi/examples/exchange.ts';

type Fields = ExampleExchange['request']['headers'] | ExampleAnswer['headers'];

/** The value of a field, whatever the case of its name; undefined when it is absent. */
export function fieldOf(headers: Fields, name: string): string | undefined {
  return Object.entries(headers).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}

export function isRefusal({ answer }: ExampleExchange): boolean {
  return answer.status >= 400;
}
