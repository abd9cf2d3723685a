/** Longest name of a tool that OpenAI takes. */
export const maxToolName = 64
