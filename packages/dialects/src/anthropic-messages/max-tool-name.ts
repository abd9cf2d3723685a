/** Longest name of a tool that Anthropic takes. */
export const maxToolName = 128
