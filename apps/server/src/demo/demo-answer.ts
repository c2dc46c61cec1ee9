/** One message as a caller sends it; content may come in parts. */
export type DemoMessage = {
  readonly role: string;
  readonly content?: string | readonly { readonly text?: string | undefined }[] | null | undefined;
};

const quotedCharsMax = 20_000;

/** Writes the demo's answer: what it is, what it was sent, and how to get real answers. */
export function toDemoAnswer(messages: readonly DemoMessage[]): string {
  const questions = messages.filter(({ role }) => role === "user");
  const last = toText(questions.at(-1));
  const quoted = toQuoted(last);
  return isChinese(last) ? toChinese(quoted, questions.length) : toEnglish(quoted, questions.length);
}

/** The text of a message. */
export function toText(message: DemoMessage | undefined): string {
  const content = message?.content ?? "";
  return typeof content === "string" ? content : content.map(({ text }) => text ?? "").join("");
}

function toEnglish(quoted: string, turns: number): string {
  const memory =
    turns <= 1
      ? "It is the first message of this conversation."
      : `It is message ${turns} of this conversation; the ${turns - 1} before it came along.`;
  return [
    "This is the built-in demo upstream of llm-backend; no model is connected, so nobody thought about what you wrote:",
    `“${quoted}”`,
    memory,
    "To get real answers, set OPENAI_API_KEY (or another provider's key) in the environment, or start Ollama on this machine, or list your own under upstreams in config.yaml; then start llm-backend again.",
  ].join("\n\n");
}

function toChinese(quoted: string, turns: number): string {
  const memory =
    turns <= 1
      ? "这是本次对话的第一条消息。"
      : `这是本次对话的第 ${turns} 条消息，之前的 ${turns - 1} 条也一并送达。`;
  return [
    "这是 llm-backend 内置的演示上游，没有连接任何模型，所以没有谁真正思考过您写的内容：",
    `「${quoted}」`,
    memory,
    "想得到真正的回答，请在环境变量中设置 OPENAI_API_KEY（或其他服务商的密钥），或在本机启动 Ollama，或在 config.yaml 的 upstreams 中列出自己的上游，然后重新启动 llm-backend。",
  ].join("\n\n");
}

function toQuoted(text: string): string {
  if (text.length <= quotedCharsMax) return text;
  const isHalf = /[\ud800-\udbff]/.test(text.charAt(quotedCharsMax - 1));
  return `${text.slice(0, isHalf ? quotedCharsMax - 1 : quotedCharsMax)}… (${text.length})`;
}

/** Kana and Hangul tell Japanese and Korean apart, which are answered in English. */
function isChinese(text: string): boolean {
  const sample = text.slice(0, 2_000);
  const han = sample.match(/\p{Script=Han}/gu)?.length ?? 0;
  const others = sample.match(/(?!\p{Script=Han})\p{L}/gu)?.length ?? 0;
  const kana = sample.match(/[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu)?.length ?? 0;
  // A word of Latin letters counts about as much as one character of Chinese.
  return han > 0 && kana === 0 && han * 4 > others;
}
