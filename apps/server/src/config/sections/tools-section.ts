import { z } from "zod";
import { findUrlProblem, urlExpectation } from "../base-url.ts";
import { amount, line, list, named, oneOf, path, seconds, section, text, whole } from "../scalar-schemas.ts";

const nameExpectation =
  "expected a name of 1 to 24 letters, digits, or any of _ -, without two underscores in a row";

const url = () =>
  z.string({ error: urlExpectation }).superRefine((value, context) => {
    const problem = findUrlProblem(value);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  });

const serverSchema = section({
  command: line(4_096).optional().meta({
    description:
      "The program that is the server; it is spoken to over its input and output, and ends with us.",
    example: "npx",
  }),
  args: list(text(4_096))
    .optional()
    .meta({
      description: "Its arguments.",
      example: ["-y", "@modelcontextprotocol/server-filesystem", "/data"],
    }),
  env: named(text(32_768))
    .optional()
    .meta({
      description:
        "What its environment has beside PATH, HOME and their like; nothing else of ours reaches it. Never logged.",
      example: { API_KEY: "..." },
    }),
  cwd: path("a folder").optional().meta({ description: "The folder it runs in.", example: "/data" }),
  url: url().optional().meta({
    description: "Where the server is, instead of a command: its streamable HTTP endpoint.",
    example: "https://tools.example.org/mcp",
  }),
  headers: named(line(8_192))
    .optional()
    .meta({
      description: "What requests to it carry. Never logged.",
      example: { Authorization: "Bearer ..." },
    }),
  tools: section({
    allow: list(line(128))
      .optional()
      .meta({
        description:
          "The tools that may be used, by the server's names; * stands for any run of characters. Without this key: all.",
        example: ["read_*"],
      }),
    deny: list(line(128))
      .optional()
      .meta({
        description: "The tools that may not be used, whatever allow says.",
        example: ["write_file"],
      }),
  })
    .optional()
    .meta({ description: "Which of its tools there are." }),
  timeout_seconds: seconds(0.1, 3_600).default(60).meta({
    description: "How long one call may take.",
  }),
  permission: oneOf(["ask", "always", "never"]).default("ask").meta({
    description:
      "Whether users are asked before a tool is called. ask: each decides, for once or for good. always: nobody is asked. never: the tools are listed, and not called.",
  }),
});

const serversSchema = z
  .record(z.string().regex(/^(?!.*__)[\w-]{1,24}$/), serverSchema, {
    error: ({ code }) => (code === "invalid_key" ? nameExpectation : "expected names with values"),
  })
  .default({})
  .meta({
    description:
      "MCP servers, by names of your choice; a tool is called by its server's name, two underscores, and its own. Each is a program (command, args, env, cwd) or a URL (url, headers), and may have tools.allow, tools.deny, timeout_seconds (60) and permission (ask; always, never). See docs/tools.md.",
    example: {
      files: {
        command: "npx",
        args: ["-y", "@modelcontextprotocol/server-filesystem", "/data"],
        tools: { deny: ["write_*"] },
      },
      search: {
        url: "https://tools.example.org/mcp",
        headers: { Authorization: "Bearer ..." },
        permission: "always",
      },
    },
  });

/** `tools`: what models may call in conversations. */
export const toolsSchema = section({
  servers: serversSchema,
  rounds_max: whole(1, 100).default(8).meta({
    description: "So often the model may be given results within one answer; then it has to answer without.",
  }),
  result_chars_max: whole(100, 1_000_000).default(50_000).meta({
    description: "The longest result that a model is given; what is longer is cut.",
  }),
  parallel_max: whole(1, 32).default(4).meta({
    description: "Calls of one answer that run at the same time.",
  }),
  permission_minutes: amount(0.001, 1_440, "minutes").default(10).meta({
    description: "How long a call waits for its user; after that it counts as declined.",
  }),
})
  .prefault({})
  .meta({
    description:
      "Tools of MCP servers, which the models of conversations may call where a conversation says so.",
  });
