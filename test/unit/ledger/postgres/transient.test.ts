import { expect, it } from 'vitest';
import { isTransient, PostgresError } from '../../../../src/ledger/postgres/postgres-port.ts';

/** Which failures of PostgreSQL a transaction is tried again after (appendix A of its manual). */

const failure = (sqlState: string | null): PostgresError => new PostgresError(sqlState, 'rolled_back');

it.each([
  ['the connection was lost', null],
  ['the connection could not be made', '08006'],
  ['serialization failure', '40001'],
  ['deadlock', '40P01'],
  ['lock not available', '55P03'],
  ['too many connections', '53300'],
  ['the server is being shut down', '57P01'],
  ['another process of the server crashed', '57P02'],
  ['the server is starting', '57P03'],
  ['the session was idle too long', '57P05'],
  ['the transaction was idle too long', '25P03'],
  ['the transaction took too long', '25P04'],
])('after: %s', (_what, sqlState) => {
  expect(isTransient(failure(sqlState))).toBe(true);
});

it.each([
  ['wrong password', '28P01'],
  ['no privilege', '42501'],
  ['the transaction had failed before', '25P02'],
  ['disk full', '53100'],
  ['read-only', '25006'],
])('not after: %s', (_what, sqlState) => {
  expect(isTransient(failure(sqlState))).toBe(false);
});
