import { createHmac, createSecretKey, hkdfSync, timingSafeEqual, type KeyObject } from "node:crypto";
import { DomainError, sessionIdSchema } from "@llm-backend/contract";
import jwt from "jsonwebtoken";

/** What an access token says. */
export type AccessClaims = {
  readonly userId: number;
  /** Absent in tokens that the earlier system issued. */
  readonly sessionId: string | undefined;
  readonly expiresAt: number;
};

/** Writes and reads tokens; knows nothing of sessions' state. */
export type TokenService = {
  /** An HS256 token with the claims of contract 1 (`user_id`, `exp`) and the session's id. */
  signAccess(claims: { userId: number; sessionId: string; issuedAt: number; expiresAt: number }): string;
  /** @throws DomainError `unauthenticated` for anything but a whole, unexpired token of ours. */
  readAccess(token: string): AccessClaims;
  /** The one refresh token of a session's generation. Only its generation is stored: it can be made again. */
  signRefresh(sessionId: string, generation: number): string;
  /** @throws DomainError `unauthenticated` for anything that `signRefresh` did not make. */
  readRefresh(token: string): { sessionId: string; generation: number };
};

// Far above any token of ours, far below what would cost time to look at.
const tokenCharsMax = 4096;

/** Creates the service over the secret of the configuration. */
export function createTokenService(options: { secret: string; now: () => number }): TokenService {
  const key = createSecretKey(options.secret, "utf8");
  // Its own key: a refresh token must never pass for anything else that is made with the secret.
  const refreshKey = createSecretKey(
    Buffer.from(hkdfSync("sha256", options.secret, "", "llm-backend refresh token v1", 32)),
  );
  return {
    signAccess: (claims) =>
      jwt.sign(
        {
          user_id: claims.userId,
          sid: claims.sessionId,
          iat: Math.floor(claims.issuedAt / 1000),
          exp: Math.floor(claims.expiresAt / 1000),
        },
        key,
        { algorithm: "HS256" },
      ),
    readAccess: (token) => readAccess(token, { key, now: options.now }),
    signRefresh: (sessionId, generation) =>
      `rt_${sessionId}_${generation}_${sign(refreshKey, sessionId, generation).toString("base64url")}`,
    readRefresh(token) {
      const match = /^rt_(ses_[a-z0-9]{26})_(0|[1-9]\d{0,8})_([\w-]{43})$/.exec(token);
      const [, sessionId = "", number, mac = ""] = match ?? [];
      const generation = Number(number);
      // Compared as text: several texts stand for the same bytes, but only one was ever handed out.
      const expected = Buffer.from(sign(refreshKey, sessionId, generation).toString("base64url"));
      if (match === null || !timingSafeEqual(Buffer.from(mac), expected)) {
        throw new DomainError("unauthenticated", "The refresh token is not valid.");
      }
      return { sessionId, generation };
    },
  };
}

function sign(key: KeyObject, sessionId: string, generation: number): Buffer {
  return createHmac("sha256", key).update(`${sessionId}|${generation}`).digest();
}

function readAccess(token: string, context: { key: KeyObject; now: () => number }): AccessClaims {
  const invalid = (cause?: unknown) =>
    new DomainError("unauthenticated", "The token is not valid.", { cause });
  if (token.length > tokenCharsMax) throw invalid();
  let payload: unknown;
  try {
    const verified = jwt.verify(token, context.key, {
      algorithms: ["HS256"],
      complete: true,
      clockTimestamp: Math.floor(context.now() / 1000),
    });
    // A header that asks for more than this code does must not be waved through.
    if ("crit" in verified.header || "b64" in verified.header) throw invalid();
    payload = verified.payload;
  } catch (error) {
    if (error instanceof jwt.TokenExpiredError) {
      throw new DomainError("unauthenticated", "The token has expired.", { cause: error });
    }
    throw invalid(error);
  }
  return toClaims(payload) ?? fail(invalid());
}

function toClaims(payload: unknown): AccessClaims | undefined {
  if (typeof payload !== "object" || payload === null) return undefined;
  const { user_id: userId, sid, exp } = payload as Record<string, unknown>;
  if (!Number.isSafeInteger(userId) || (userId as number) < 1) return undefined;
  if (typeof exp !== "number" || !Number.isFinite(exp)) return undefined;
  if (sid !== undefined && !sessionIdSchema.safeParse(sid).success) return undefined;
  return { userId: userId as number, sessionId: sid as string | undefined, expiresAt: exp * 1000 };
}

function fail(error: Error): never {
  throw error;
}
