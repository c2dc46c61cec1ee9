import type { Migration } from "kysely/migration";
import { up as foundation } from "./0001-foundation.ts";
import { up as gateway } from "./0002-gateway.ts";
import { up as conversations } from "./0003-conversations.ts";
import { up as knowledge } from "./0004-knowledge.ts";
import { up as voice } from "./0005-voice.ts";
import { up as callsAndClaims } from "./0006-calls-and-claims.ts";
import { up as citations } from "./0007-citations.ts";
import { up as ownWords } from "./0008-own-words.ts";

/** Every step of the schema, in order. A step that has been released is never changed, only followed by another. */
export const allMigrations: Readonly<Record<string, Migration>> = {
  "0001-foundation": { up: foundation },
  "0002-gateway": { up: gateway },
  "0003-conversations": { up: conversations },
  "0004-knowledge": { up: knowledge },
  "0005-voice": { up: voice },
  "0006-calls-and-claims": { up: callsAndClaims },
  "0007-citations": { up: citations },
  "0008-own-words": { up: ownWords },
};
