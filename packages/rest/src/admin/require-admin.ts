import { DomainError } from "@llm-backend/contract";
import type { Services } from "@llm-backend/server";

const scheme = "Bearer";

/**
 * Lets administrators pass: with an administrator's key, a static token for the administration, or the access token of
 * an administrator who is logged in. It is read as the earlier gateway read it: the scheme in this case, and the rest
 * without its blanks.
 *
 * @throws DomainError `unauthenticated`, in the words of the earlier gateway.
 */
export async function requireAdmin(
  services: Pick<Services, "keys" | "sessions">,
  authorization: string | undefined,
): Promise<void> {
  if (authorization?.startsWith(scheme) !== true) {
    throw new DomainError("unauthenticated", "authorization header should start with 'Bearer'");
  }
  const token = authorization.slice(scheme.length).trim();
  if ((await opensAdministration(services, token)) || (await isAdministrator(services, token))) return;
  throw new DomainError("unauthenticated", "wrong authorization header");
}

async function opensAdministration({ keys }: Pick<Services, "keys">, token: string): Promise<boolean> {
  return passes(async () => {
    const { kind } = await keys.authenticate(token, "admin");
    // A server that is open to all callers is not open to all administrators.
    return kind !== "open";
  });
}

async function isAdministrator({ sessions }: Pick<Services, "sessions">, token: string): Promise<boolean> {
  return passes(async () => (await sessions.authenticate(token)).role === "admin");
}

/** Takes a refusal for a no; everything else that goes wrong is no answer. */
async function passes(check: () => Promise<boolean>): Promise<boolean> {
  try {
    return await check();
  } catch (error) {
    if (DomainError.is(error) && (error.code === "unauthenticated" || error.code === "forbidden"))
      return false;
    throw error;
  }
}
