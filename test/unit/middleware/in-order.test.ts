import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import type { AppEnv } from '../../../src/middleware/app-env.ts';
import type { Step } from '../../../src/middleware/in-order.ts';
import { inOrder } from '../../../src/middleware/in-order.ts';

/** An app of these steps whose route answers `handled`. `ran` has what ran, in order. */
function appOf(steps: (note: (name: string) => Step) => readonly Step[]) {
  const ran: string[] = [];
  const note =
    (name: string): Step =>
    () =>
      void ran.push(name);
  const app = new Hono<AppEnv>();
  app.onError((_, c) => c.text('failed', 500));
  app.use(inOrder(...steps(note)));
  app.get('/', (c) => {
    ran.push('route');
    return c.text('handled');
  });
  return { ran, answer: async () => await (await app.request('/')).text() };
}

describe('steps in order', () => {
  it('run one after the other, also where one takes time, and then the route', async () => {
    const { ran, answer } = appOf((note) => [
      note('first'),
      async (c) => {
        await new Promise((resolve) => void setImmediate(resolve));
        return note('second')(c);
      },
      note('third'),
    ]);
    expect(await answer()).toBe('handled');
    expect(ran).toEqual(['first', 'second', 'third', 'route']);
  });

  it.each<[string, Step]>([
    ['at once', (c) => c.text('refused')],
    ['in time', async (c) => await Promise.resolve(c.text('refused'))],
  ])('end with the first that answers %s', async (_, refusing) => {
    const { ran, answer } = appOf((note) => [note('first'), refusing, note('third')]);
    expect(await answer()).toBe('refused');
    expect(ran).toEqual(['first']);
  });

  it.each<[string, Step]>([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['rejects', async () => await Promise.reject(new Error('broken'))],
  ])('end with the first that %s, and the app answers', async (_, failing) => {
    const { ran, answer } = appOf((note) => [failing, note('second')]);
    expect(await answer()).toBe('failed');
    expect(ran).toEqual([]);
  });
});
