import type { TestBackend } from "@llm-backend/testing";
import { logIn, newUsername, password, registerUser, type RestCaller } from "../callers/rest-caller.ts";

/** Makes an administrator and logs in. */
export async function createAdmin(backend: TestBackend): Promise<RestCaller> {
  const username = newUsername();
  await backend.server.backend.services.users.create({ username, password, role: "admin" });
  return logIn(backend.url, username);
}

/** Makes somebody who is none. */
export const createNobody = (backend: TestBackend): Promise<RestCaller> => registerUser(backend.url);
