export type UserTable = {
  id: number;
  username: string;
  /** The name in the form in which it is compared. */
  username_key: string;
  password_hash: string;
  role: string;
  status: string;
  /** Tokens issued before this time are void, whatever they say. */
  tokens_valid_from: number;
  created_at: number;
  /** When the account was given up: what is left of it is being removed. */
  erased_at: number | null;
};
