import type { Role } from "@llm-backend/contract";

/** Who asks: the owner of a valid token, as the database knows them now. */
export type Viewer = {
  readonly userId: number;
  readonly username: string;
  readonly role: Role;
  readonly sessionId: string;
};
