export type SessionTable = {
  id: string;
  user_id: number;
  kind: string;
  /** Where the login came from. */
  address: string | null;
  /** How many times the refresh token was replaced: only the newest one is good. */
  refresh_generation: number;
  refreshed_at: number | null;
  created_at: number;
  expires_at: number;
  revoked_at: number | null;
};
