/** Longest name of a function that Gemini takes. */
export const maxToolName = 64
