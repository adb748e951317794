import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { upstreamSchemas } from '../../../src/openapi/upstream-schema.ts';
import { sharedFile } from '../../support/testdata.ts';

interface Pinned {
  readonly components: { readonly schemas: Readonly<Record<string, { readonly properties?: object }>> };
}

const upstream = sharedFile('galileo-invite-users.openapi.yaml');

describe.skipIf(!upstream.present)(`the zod schema as JSON Schema${upstream.word}`, () => {
  const pinned = upstream.present ? (parse(upstream.text()) as Pinned).components.schemas : {};

  it.each(['InviteUsersRequest', 'AuthMethod', 'UserRole'] as const)(
    "equals the upstream's %s, member for member",
    (name) => {
      expect(upstreamSchemas()[name]).toStrictEqual(pinned[name]);
    },
  );

  it('keeps the order of the model, which decides the order of the bytes sent', () => {
    expect(Object.keys(upstreamSchemas().InviteUsersRequest.properties ?? {})).toEqual(
      Object.keys(pinned['InviteUsersRequest']?.properties ?? {}),
    );
  });
});
