/** A UUID of any version in the dashed form (RFC 9562 §4). Lower case only, as this service writes its ids. */
export const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A UUID of version 4 in the dashed form, in any case, as people write the ids of Galileo's groups. */
export const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
