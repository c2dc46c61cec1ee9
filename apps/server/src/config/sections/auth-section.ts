import { oneOf, section, whole } from "../scalar-schemas.ts";

const argon2Schema = section({
  memory_kib: whole(19_456, 4_194_304).default(65_536).meta({
    description: "Memory for one hash, in KiB. Less than 19456 (OWASP's floor) is refused.",
  }),
  time_cost: whole(2, 64).default(3).meta({
    description: "Passes over that memory. Less than 2 (OWASP's floor) is refused.",
  }),
})
  .prefault({})
  .meta({
    description: "How expensive a password's argon2id hash is. Older hashes are renewed at the next login.",
  });

const loginLimitsSchema = section({
  per_account_and_address: whole(1, 100_000)
    .default(10)
    .meta({ description: "Failed logins of one account from one address." }),
  per_account: whole(1, 100_000).default(100).meta({
    description:
      "Failed logins of one account from all addresses; beyond that, addresses that the account was never used from are slowed down.",
  }),
  per_address: whole(1, 1_000_000).default(300).meta({
    description: "Failed logins from one address, whatever the account. IPv6 addresses count by their /64.",
  }),
  registrations_per_address: whole(1, 1_000_000)
    .default(1_000)
    .meta({ description: "New accounts from one address." }),
})
  .prefault({})
  .meta({
    description: "How much is taken within ten minutes. Who is refused is told when to try again.",
  });

/** `auth`: accounts, passwords, sessions. */
export const authSchema = section({
  registration: oneOf(["open", "closed"]).default("open").meta({
    description:
      "Whether anyone who reaches the server may make an account (open), or only an administrator (closed).",
  }),
  access_token_minutes: whole(1, 60).default(15).meta({
    description:
      "How long an access token of the typed API is good. (Tokens of /api/users/login are good for 24 hours.)",
  }),
  refresh_days: whole(1, 3_650).default(30).meta({
    description: "How long a session lives without being used.",
  }),
  session_days: whole(1, 3_650).default(90).meta({
    description: "How long a session lives at all, however often it is used.",
  }),
  argon2: argon2Schema,
  hash_concurrency: whole(1, 64).default(2).meta({
    description: "Passwords hashed at the same time. They share four threads with all other work on files.",
  }),
  hash_queue_max: whole(0, 10_000).default(64).meta({
    description: "Passwords that may wait for their turn; more are answered with 503.",
  }),
  login_limits: loginLimitsSchema,
})
  .prefault({})
  .meta({ description: "Accounts, passwords, sessions." });
