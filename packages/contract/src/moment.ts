import { z } from "zod";

/** A moment: a `Date`, or ISO 8601 with a time zone where the wire has no dates. */
export const momentSchema = z.union([
  z.date(),
  z.iso.datetime({ offset: true }).transform((text) => new Date(text)),
]);
