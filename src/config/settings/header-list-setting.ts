/** Parsers of settings that hold lists of pairs (header-list). No message quotes a list, because it may hold a token. */
import * as z from 'zod';
import { parseAttributeList, parseHeaderList } from './header-list.ts';
import type { Pairs } from './header-list.ts';

const pairs = (parse: (text: string) => Pairs | null, message: string) =>
  z.string().transform((value, context) => {
    const list = parse(value);
    if (list !== null) return list;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });

export const headerList = pairs(
  parseHeaderList,
  'must be name=value pairs, separated by commas, values percent-encoded, each name once, and none that belongs to the request itself',
);

export const attributeList = pairs(
  parseAttributeList,
  'must be name=value pairs, separated by commas, values percent-encoded, each name once',
);
