import { newPasswordSchema, usernameSchema } from "@llm-backend/contract";
import { z } from "zod";
import type { JsonRoute } from "./route.ts";

const messageAnswer = z.object({ message: z.string() });

/** Accounts and tokens. */
export const accountRoutes: readonly JsonRoute[] = [
  {
    kind: "json",
    method: "POST",
    path: "/api/users/register",
    access: "public",
    group: "Users",
    summary: "Creates an account",
    body: z.object({ username: usernameSchema, password: newPasswordSchema }),
    status: 201,
    answer: messageAnswer,
    statuses: { conflict: 400 },
    errors: {
      400: "The input is not valid, or the user name is taken",
      403: "Registration is closed",
      429: "Too many accounts from this address",
      503: "Too many passwords at once; try again after Retry-After seconds",
    },
    async call(caller, { body }) {
      await caller.auth.register(pick(body, "username", "password"));
      return { message: "User registered successfully" };
    },
  },
  {
    kind: "json",
    method: "POST",
    path: "/api/users/login",
    access: "public",
    group: "Users",
    summary: "Trades user name and password for a token that is good for 24 hours",
    body: z.object({ username: z.string(), password: z.string() }),
    status: 200,
    answer: z.object({ token: z.string() }),
    errors: {
      400: "The input is not valid",
      401: "The user name or the password is wrong",
      429: "Too many wrong passwords; wait for Retry-After seconds",
      503: "Too many passwords at once; try again after Retry-After seconds",
    },
    call: (caller, { body }) => caller.auth.loginForDay(pick(body, "username", "password")),
  },
  {
    kind: "json",
    method: "POST",
    path: "/api/users/logout",
    access: "user",
    group: "Users",
    summary: "Ends the token's session, and the streams that it opened",
    status: 200,
    answer: messageAnswer,
    errors: { 401: "No valid token" },
    async call(caller) {
      await caller.auth.logout();
      return { message: "Logged out successfully" };
    },
  },
];

/** Takes the named fields out of a body, whatever they hold: the procedure says what is wrong with them. */
function pick<TName extends string>(
  body: Readonly<Record<string, unknown>>,
  ...names: TName[]
): Record<TName, string> {
  return Object.fromEntries(names.map((name) => [name, body[name]])) as Record<TName, string>;
}
