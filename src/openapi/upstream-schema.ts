import * as z from 'zod';
import { inviteUsersSchema } from '../contract/invite-users.ts';

/**
 * The upstream's own JSON Schema of the request, made from the zod schema that reads it, so that the two cannot part.
 * It says what Galileo says and no more; what this service refuses beyond it is added where it is published (openapi).
 */
export interface UpstreamSchemas {
  readonly InviteUsersRequest: z.core.JSONSchema.ObjectSchema;
  readonly AuthMethod: z.core.JSONSchema.StringSchema;
  readonly UserRole: z.core.JSONSchema.StringSchema;
}

/** Component schemas that refer to each other as `#/components/schemas/…`. */
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
