import type { Owner } from '../../port.ts';
import type { SqlitePort } from '../sqlite-port.ts';

/**
 * The owners of requests, each by a number: the three texts are stored once, and rows of requests are short. Numbers are
 * remembered only once another batch has read them, because the batch that gave one may be rolled back.
 */
export interface Owners {
  /** Called when a batch of writing steps begins. */
  begin(): void;
  /** Null for an owner without a request. */
  find(owner: Owner): number | null;
  /** Gives the owner a number if there is none. Inside a batch only. */
  numberOf(owner: Owner): number;
  /** Drops those of these owners that have no request. */
  dropUnused(owners: Iterable<number>): void;
}

/** Bounds the memory. */
const MAX_REMEMBERED = 10_000;

export function createOwners(sqlite: SqlitePort): Owners {
  const remembered = new Map<string, number>();
  /** Given in this batch. */
  const given = new Map<string, number>();

  function find(owner: Owner): number | null {
    const name = nameOf(owner);
    const known = remembered.get(name) ?? given.get(name);
    if (known !== undefined) return known;
    const found = sqlite.run<{ owner: number }>(
      `SELECT owner FROM owners WHERE issuer = ? AND client_id = ? AND subject = ?`,
      ...[owner.issuer, owner.clientId, owner.subject],
    )[0]?.owner;
    if (found === undefined) return null;
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    remembered.set(name, found);
    return found;
  }

  return {
    begin: () => given.clear(),
    find,
    numberOf(owner) {
      const known = find(owner);
      if (known !== null) return known;
      const [row] = sqlite.run<{ owner: number }>(
        `INSERT INTO owners (issuer, client_id, subject) VALUES (?, ?, ?) RETURNING owner`,
        ...[owner.issuer, owner.clientId, owner.subject],
      );
      if (row === undefined) throw new Error('an owner was not stored');
      given.set(nameOf(owner), row.owner);
      return row.owner;
    },
    dropUnused(owners) {
      for (const owner of owners) {
        sqlite.run(
          `DELETE FROM owners WHERE owner = ? AND NOT EXISTS (SELECT 1 FROM requests WHERE requests.owner = owners.owner)`,
          owner,
        );
      }
      // Those given in this batch have requests, and must not be read back and remembered before the commit.
      remembered.clear();
    },
  };
}

function nameOf({ issuer, clientId, subject }: Owner): string {
  return JSON.stringify([issuer, clientId, subject]);
}
