import type { WireMessage } from "@llm-backend/contract";
import { cutTitle, toLine } from "./words-title.ts";

const instruction =
  "Write a title for the conversation below: at most six words, in the language of the conversation, " +
  "without quotation marks, without a full stop. Answer with the title and nothing else.";
const questionCharsMax = 2000;
const answerCharsMax = 1000;
const titleCharsMax = 80;

/** What a model is asked for a title with: the first exchange, as far as a title takes it. */
export function toTitlePrompt(question: string, answer: string): WireMessage[] {
  const exchange = [
    `User: ${question.slice(0, questionCharsMax).toWellFormed()}`,
    `Assistant: ${answer.slice(0, answerCharsMax).toWellFormed()}`,
  ];
  return [
    { role: "system", content: instruction },
    { role: "user", content: exchange.join("\n\n") },
  ];
}

/** Reads a title out of what a model says; empty where it says none. */
export function readTitle(text: string): string {
  // Small models say more than they are asked for: the first line that says something is the title.
  const lines = text.slice(0, 4000).split(/[\r\n]/);
  const line = lines.map(toLine).find((candidate) => toBare(candidate) !== "") ?? "";
  return cutTitle(toBare(line), titleCharsMax);
}

/** A line without what models put around a title. */
function toBare(line: string): string {
  const unmarked = line.replace(/^#+\s*/, "").replace(/^\**\s*title\s*\**\s*:\s*\**/i, "");
  return toLine(unmarked.replaceAll(/^["'“”„«»*_`\s]+|["'“”„«»*_`.\s]+$/gu, ""));
}
