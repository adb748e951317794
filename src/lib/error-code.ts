/** The `code` of a system or library error (`ENOENT`, `ERR_TLS_…`); null when the error has none. */
export function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
