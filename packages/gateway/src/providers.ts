import type { Provider } from "./ports.ts";

/**
 * Public providers with an OpenAI-compatible API. Where a provider has separate services for China and the rest of
 * the world, the entry is the one its model names are best known for; an operator's entry of the same name replaces it.
 */
export const providers: readonly Provider[] = [
  {
    name: "openai",
    prefixes: [
      "gpt",
      "chatgpt",
      "o1",
      "o3",
      "o4",
      "text-",
      "davinci",
      "babbage",
      "dall-e",
      "tts-",
      "whisper",
      "codex",
      "computer-use",
    ],
    endpoint: "https://api.openai.com/v1",
    keyVariables: ["OPENAI_API_KEY"],
  },
  {
    name: "anthropic",
    prefixes: ["claude"],
    endpoint: "https://api.anthropic.com/v1",
    keyVariables: ["ANTHROPIC_API_KEY"],
  },
  {
    name: "gemini",
    prefixes: ["gemini", "gemma", "learnlm"],
    endpoint: "https://generativelanguage.googleapis.com/v1beta/openai",
    keyVariables: ["GEMINI_API_KEY", "GOOGLE_API_KEY"],
  },
  {
    name: "zhipu",
    prefixes: ["glm", "chatglm", "charglm", "codegeex", "cogview"],
    endpoint: "https://open.bigmodel.cn/api/paas/v4",
    keyVariables: ["ZHIPUAI_API_KEY", "ZHIPU_API_KEY"],
  },
  {
    name: "deepseek",
    prefixes: ["deepseek"],
    endpoint: "https://api.deepseek.com/v1",
    keyVariables: ["DEEPSEEK_API_KEY"],
  },
  {
    name: "dashscope",
    // Its embeddings are called like OpenAI's, up to the `v`.
    prefixes: ["qwen", "qwq", "qvq", "text-embedding-v"],
    endpoint: "https://dashscope.aliyuncs.com/compatible-mode/v1",
    keyVariables: ["DASHSCOPE_API_KEY"],
  },
  {
    name: "mistral",
    prefixes: [
      "mistral",
      "codestral",
      "ministral",
      "magistral",
      "pixtral",
      "devstral",
      "voxtral",
      "open-mistral",
      "open-mixtral",
    ],
    endpoint: "https://api.mistral.ai/v1",
    keyVariables: ["MISTRAL_API_KEY"],
  },
  { name: "xai", prefixes: ["grok"], endpoint: "https://api.x.ai/v1", keyVariables: ["XAI_API_KEY"] },
  {
    name: "moonshot",
    prefixes: ["moonshot", "kimi"],
    endpoint: "https://api.moonshot.cn/v1",
    keyVariables: ["MOONSHOT_API_KEY"],
  },
  {
    name: "volcengine",
    prefixes: ["doubao"],
    endpoint: "https://ark.cn-beijing.volces.com/api/v3",
    keyVariables: ["ARK_API_KEY"],
  },
  { name: "yi", prefixes: ["yi-"], endpoint: "https://api.lingyiwanwu.com/v1", keyVariables: ["YI_API_KEY"] },
  {
    name: "cohere",
    prefixes: ["command", "c4ai-"],
    endpoint: "https://api.cohere.ai/compatibility/v1",
    keyVariables: ["COHERE_API_KEY", "CO_API_KEY"],
  },
  {
    name: "perplexity",
    prefixes: ["sonar"],
    // Its paths have no version.
    endpoint: "https://api.perplexity.ai/chat/completions",
    keyVariables: ["PERPLEXITY_API_KEY"],
  },
  {
    name: "minimax",
    prefixes: ["minimax", "abab"],
    endpoint: "https://api.minimaxi.com/v1",
    keyVariables: ["MINIMAX_API_KEY"],
  },
  {
    name: "hunyuan",
    prefixes: ["hunyuan"],
    endpoint: "https://api.hunyuan.cloud.tencent.com/v1",
    keyVariables: ["HUNYUAN_API_KEY"],
  },
  {
    name: "baichuan",
    prefixes: ["baichuan"],
    endpoint: "https://api.baichuan-ai.com/v1",
    keyVariables: ["BAICHUAN_API_KEY"],
  },
  {
    name: "stepfun",
    prefixes: ["step-"],
    endpoint: "https://api.stepfun.com/v1",
    keyVariables: ["STEPFUN_API_KEY"],
  },
  {
    name: "qianfan",
    prefixes: ["ernie"],
    endpoint: "https://qianfan.baidubce.com/v2",
    keyVariables: ["QIANFAN_API_KEY"],
  },

  // They serve the models of others under names of many kinds: reached by an entry of their own, never by a model's name.
  { name: "groq", prefixes: [], endpoint: "https://api.groq.com/openai/v1", keyVariables: ["GROQ_API_KEY"] },
  {
    name: "openrouter",
    prefixes: [],
    endpoint: "https://openrouter.ai/api/v1",
    keyVariables: ["OPENROUTER_API_KEY"],
  },
  {
    name: "together",
    prefixes: [],
    endpoint: "https://api.together.xyz/v1",
    keyVariables: ["TOGETHER_API_KEY"],
  },
  {
    name: "fireworks",
    prefixes: [],
    endpoint: "https://api.fireworks.ai/inference/v1",
    keyVariables: ["FIREWORKS_API_KEY"],
  },
  {
    name: "siliconflow",
    prefixes: [],
    endpoint: "https://api.siliconflow.cn/v1",
    keyVariables: ["SILICONFLOW_API_KEY"],
  },
  {
    name: "nvidia",
    prefixes: [],
    endpoint: "https://integrate.api.nvidia.com/v1",
    keyVariables: ["NVIDIA_API_KEY"],
  },
  {
    name: "cerebras",
    prefixes: [],
    endpoint: "https://api.cerebras.ai/v1",
    keyVariables: ["CEREBRAS_API_KEY"],
  },
];
