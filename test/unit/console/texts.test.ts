/** Times of the browser's language in the sentences of the page. */
import { expect, it } from 'vitest';
import { isolated } from '../../../console/src/texts.ts';

it.each(['ar-EG', 'he', 'fa'])('a time that is written from right to left stands by itself: %s', (locale) => {
  const time = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' }).format(0);
  expect(isolated(time)).toBe(`\u2068${time}\u2069`);
});

it.each(['en-GB', 'de', 'ja', 'hi'])('any other time is as it is: %s', (locale) => {
  const time = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' }).format(0);
  expect(isolated(time)).toBe(time);
});
