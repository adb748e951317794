import * as z from 'zod';
import { blanksAround, checkedText } from '../setting-row.ts';

/** The parsers of the address and the ports that the service listens on. */
const MAX_PORT = 65_535;

export const port = z
  .string()
  .meta({ pattern: blanksAround(String.raw`\d{1,5}`) })
  .transform((value, context) => {
    const text = value.trim();
    const number = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
    if (number <= MAX_PORT) return number;
    // `:8080`, `0.0.0.0:8080`, `8080/tcp`
    const [, meant] = /(?:^|:)(\d{1,5})(?:\/(?:tcp|udp))?$/.exec(text) ?? [];
    const problem = meant === undefined ? 'must be a port number' : `must be a port number alone; write ${meant}`;
    context.addIssue({ code: 'custom', message: number > MAX_PORT ? `must be at most ${MAX_PORT}` : problem });
    return z.NEVER;
  });

/** An address to listen on. The port is a setting of its own. */
export const host = checkedText((value) => {
  if (value.includes('/')) return 'must be an address alone, without http:// and without a path';
  if (/^[^:]*:\d*$/.test(value)) return 'must be an address alone; the port is PORT';
  if (value.includes('[')) return 'must be an address without brackets, such as ::1';
  return value === '*' ? 'must be an address; write 0.0.0.0 or :: for all of this machine' : null;
});
