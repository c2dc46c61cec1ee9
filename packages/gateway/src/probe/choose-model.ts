/** Names of models that do not answer questions. */
const otherKinds =
  /embed|bge-|rerank|whisper|transcri|tts|speech|audio|voice|dall-e|image|imagen|flux|stable-diffusion|sdxl|cogview|video|sora|veo|wan\d|moderation|guard|ocr|clip/i;

/** The first model that looks as if it could be asked something; undefined when there is none. */
export function chooseChatModel(models: readonly string[]): string | undefined {
  return models.find((model) => !otherKinds.test(model));
}
