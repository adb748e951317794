/** Seconds, as the service writes it. A gateway may send a date: its clock need not be this one's, so it says nothing. */
export function retryAfterOf(headers: Headers): number | null {
  const field = headers.get('Retry-After') ?? '';
  return /^\d{1,6}$/.test(field) ? Number(field) * 1000 : null;
}
