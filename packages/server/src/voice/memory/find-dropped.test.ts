import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findDropped } from "./find-dropped.ts";
import type { Said } from "./turn.ts";

const user = (text: string, turnId?: string): Said => ({ role: "user", text, turnId });
const bot = (text: string): Said => ({ role: "assistant", text });

describe("what an engine no longer sends", () => {
  it("is nothing where it sends everything", () => {
    const said = [user("a"), bot("b")];
    expect(findDropped(said, [...said, user("c")])).toEqual([]);
  });

  it("is what stands in front of its window", () => {
    const said = [user("a"), bot("b"), user("c"), bot("d")];
    expect(findDropped(said, [user("c"), bot("d"), user("e")])).toEqual([user("a"), bot("b")]);
    expect(findDropped(said, [bot("d"), user("e")])).toEqual([user("a"), bot("b"), user("c")]);
    expect(findDropped(said, [user("e")])).toEqual(said);
  });

  it("is told by the user's words: an answer may be shorter than it was, or be missing", () => {
    const said = [user("a"), bot("b"), user("c"), bot("All of a long answer.")];
    expect(findDropped(said, [user("c"), bot("All of"), user("e")])).toEqual([user("a"), bot("b")]);
    expect(findDropped(said, [user("C. "), user("e")])).toEqual([user("a"), bot("b")]);
    expect(findDropped(said, [bot("All of a"), user("e")])).toEqual([user("a"), bot("b"), user("c")]);
  });

  it("does not have a greeting that is sent again, nor a question that is asked again", () => {
    const said = [bot("Hello!"), user("a"), bot("b")];
    expect(findDropped(said, [bot("Hello!"), user("c")])).toEqual([user("a"), bot("b")]);
    expect(findDropped([user("a"), bot("")], [user("a")])).toEqual([]);
    expect(findDropped([user("a", "7"), bot("b")], [user("a", "7")])).toEqual([]);
    expect(findDropped([user("yes"), bot("b")], [user("yes")])).toEqual([user("yes"), bot("b")]);
  });

  it("does not have a question that results of tools are sent for, though its answer has begun", () => {
    const said = [user("a"), bot("b"), user("c"), bot("Let me look.")];
    const isContinued = true;
    expect(findDropped(said, [user("c")], { isContinued })).toEqual([user("a"), bot("b")]);
    expect(findDropped(said, [user("a"), bot("b"), user("c")], { isContinued })).toEqual([]);
    expect(findDropped(said, [user("other")], { isContinued })).toEqual(said);
  });

  it("means the latest of words that were said more than once", () => {
    const said = [user("yes"), bot("1"), user("no"), bot("2"), user("yes"), bot("3")];
    expect(findDropped(said, [user("yes"), bot("3"), user("no")])).toEqual(said.slice(0, 4));
  });

  it("stays in front where the engine joins what a user said in two goes", () => {
    const said = [user("a"), bot("b"), user("what is"), bot("")];
    expect(findDropped(said, [bot("b"), user("what is the time")])).not.toContainEqual(bot("b"));
    expect(findDropped(said, [user("a"), bot("b"), user("what is the time")])).toEqual([]);
  });
});

/** Few words, so that they are said again and again. */
const word = fc.constantFrom("yes", "no", "what", "go on", "tell me more");
const turn = fc.record({
  question: word,
  answer: fc.string({ minLength: 1, maxLength: 20 }),
  said: fc.nat(20),
});

describe("over whole conversations", () => {
  it("everything that was said is asked once, and in its order, whatever the engine's window", () => {
    fc.assert(
      fc.property(
        fc.array(turn, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 0, max: 8 }),
        (turns, window) => {
          // Each turn with a mark, so that nothing is the same by chance.
          const history: Said[] = [];
          let remembered: readonly Said[] = [];
          for (const [index, { question, answer, said }] of turns.entries()) {
            const fresh = user(question);
            const resent = [...history.slice(Math.max(0, history.length - window)), fresh];
            const dropped = findDropped(remembered, resent);
            const asked = [...dropped, ...resent];
            const all = [...history, fresh];
            // No turn is doubled, and none that was sent is lost.
            expect(asked.length).toBeLessThanOrEqual(all.length);
            expect(asked.slice(asked.length - resent.length)).toEqual(resent);
            const answered = bot(`${index}: ${answer}`);
            remembered = [...asked, answered];
            // The engine knows as much of it as was spoken.
            history.push(fresh, bot(answered.text.slice(0, 2 + said)));
          }
        },
      ),
    );
  });

  it("nothing is lost where all words are different", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 12 }), (count, window) => {
        const history: Said[] = [];
        let remembered: readonly Said[] = [];
        for (let index = 0; index < count; index++) {
          const fresh = user(`question ${index}`);
          const resent = [...history.slice(Math.max(0, history.length - window)), fresh];
          const asked = [...findDropped(remembered, resent), ...resent];
          expect(asked).toEqual([...history, fresh]);
          const answered = bot(`answer ${index}`);
          remembered = [...asked, answered];
          history.push(fresh, answered);
        }
      }),
    );
  });
});
