/** Longest name of a tool that Bedrock takes. */
export const maxToolName = 64
