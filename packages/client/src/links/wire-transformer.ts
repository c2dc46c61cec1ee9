import superjson, { type SuperJSONResult } from "superjson";

/** superjson, as the server speaks it; what carries no types of its own is passed on as it is. */
export const wireTransformer = {
  serialize: (value: unknown): SuperJSONResult => superjson.serialize(value),
  deserialize(value: unknown): unknown {
    if (typeof value !== "object" || value === null || !("json" in value)) return value;
    return "meta" in value ? superjson.deserialize(value as SuperJSONResult) : value.json;
  },
};
