import { amount, line, list, seconds, section, whole } from "../scalar-schemas.ts";

const gibibyte = 1024 ** 3;

/** `knowledge`: documents that questions are looked up in. */
export const knowledgeSchema = section({
  embedding_model: line(256).optional().meta({
    description:
      "The embedding model of bases that name none: a model that an upstream serves under /v1/embeddings. Without this key: builtin-hashed, which needs no upstream and finds by words and their parts, not by meaning.",
    example: "text-embedding-3-small",
  }),
  models: list(line(256))
    .optional()
    .meta({
      description:
        "The embedding models that users can choose. Without this key: those models of the upstreams that are called like one.",
      example: ["text-embedding-3-small", "bge-m3"],
    }),
  bases_per_user_max: whole(0, 100_000).default(100).meta({
    description: "The most knowledge bases of one user.",
  }),
  documents_per_user_max: whole(0, 10_000_000).default(10_000).meta({
    description: "The most documents in all bases of one user.",
  }),
  bytes_per_user_max: whole(0, 1024 * gibibyte)
    .default(4 * gibibyte)
    .meta({ description: "The most bytes of the documents in all bases of one user (4 GiB)." }),
  file_bytes_max: whole(1_024, gibibyte).default(52_428_800).meta({
    description: "The largest document in bytes (50 MiB).",
  }),
  passage_chars: whole(100, 20_000).default(1_200).meta({
    description:
      "How long passages are to be, in characters; none is longer than one and a half times that. It holds for documents that are read from now on.",
  }),
  passage_overlap_share: amount(0, 0.5, "parts of a passage").default(0.125).meta({
    description: "Which part of a passage repeats the end of the one before it: 0.125 is an eighth.",
  }),
  reader_seconds: seconds(1, 3_600).default(120).meta({
    description: "How long reading one document may take.",
  }),
  reader_memory_bytes: whole(134_217_728, 16 * gibibyte)
    .default(536_870_912)
    .meta({ description: "What the process that reads a document may use, in bytes (512 MiB)." }),
  text_chars_max: whole(1_000, 200_000_000).default(20_000_000).meta({
    description: "The longest text of one document, in characters.",
  }),
  concurrent_jobs: whole(1, 32).default(2).meta({
    description: "How many documents each process reads and embeds at the same time.",
  }),
  top_k: whole(1, 50).default(5).meta({
    description: "How many passages an answer is given where its conversation says nothing else.",
  }),
  context_tokens_max: whole(100, 1_000_000).default(4_000).meta({
    description:
      "The most tokens that passages have in a prompt. They never take more than half of what the prompt may have.",
  }),
  look_up_seconds: seconds(0.1, 600).default(15).meta({
    description: "How long an answer waits for its passages; then it is given without.",
  }),
})
  .prefault({})
  .meta({ description: "Knowledge bases: documents of users, which questions are looked up in." });
