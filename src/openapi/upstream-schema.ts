import * as z from 'zod';
import { inviteUsersSchema } from '../contract/invite-users.ts';

/**
 * The upstream's own JSON Schema of the request, generated from the zod schema that parses it, so that the two always
 * match. It contains only Galileo's constraints; schemas.ts adds the stricter ones of this service.
 */
export interface UpstreamSchemas {
  readonly InviteUsersRequest: z.core.JSONSchema.ObjectSchema;
  readonly AuthMethod: z.core.JSONSchema.StringSchema;
  readonly UserRole: z.core.JSONSchema.StringSchema;
}

/** Component schemas; their references have the form `#/components/schemas/…`. */
export function upstreamSchemas(): UpstreamSchemas {
  const { $defs } = z.toJSONSchema(inviteUsersSchema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      if (jsonSchema.type === 'object') delete jsonSchema.additionalProperties;
      if (jsonSchema.format !== 'uuid') return;
      // FastAPI writes pydantic's UUID4 as this unregistered format, without a pattern.
      jsonSchema.format = 'uuid4';
      delete jsonSchema.pattern;
    },
  });
  return JSON.parse(JSON.stringify($defs).replaceAll('"#/$defs/', '"#/components/schemas/')) as UpstreamSchemas;
}
