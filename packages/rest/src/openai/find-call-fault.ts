import type { IncomingMessage } from "node:http";
import { DomainError } from "@llm-backend/contract";

/** Methods that show the request as the upstream got it, its key included. */
const echoing = new Set(["TRACE", "TRACK"]);
/** A piece of a path that stands for its parent, in any spelling that servers know. */
const parent = /(?:^|[/\\]|%2f|%5c)(?:\.|%2e){2}(?:$|[/\\]|%2f|%5c)/i;

/** Finds what is wrong with a request that would leave the upstream's `/v1`, or bring more back than an answer. */
export function findCallFault({ method = "", url = "" }: IncomingMessage): DomainError | undefined {
  if (echoing.has(method)) return new DomainError("method_not_allowed");
  const end = url.indexOf("?");
  return url.includes(".") || url.includes("%")
    ? findPathFault(end === -1 ? url : url.slice(0, end))
    : undefined;
}

function findPathFault(path: string): DomainError | undefined {
  return parent.test(path) ? new DomainError("invalid_input", "The path must not lead upwards.") : undefined;
}
