import { writeSync } from "node:fs";
import { openSqlite } from "../../src/index.ts";
import { createReservation } from "../suite/key-rows.ts";

// Holds and settles money of a key's budget for as long as it lives, and says on stdout what it knows was settled.
const [path = "", keyId = "", owner = ""] = process.argv.slice(2);
const storage = await openSqlite({ path, exclusive: true });
for (let index = 0; ; index++) {
  const reservation = createReservation({ id: `res_${owner}_${index}`, keyId, amountNanos: 50, owner });
  await storage.transaction((tx) => tx.budgets.reserve(reservation, Number.MAX_SAFE_INTEGER));
  writeSync(1, "held\n");
  await storage.transaction((tx) => tx.budgets.settle(reservation.id, 3));
  writeSync(1, "settled\n");
}
