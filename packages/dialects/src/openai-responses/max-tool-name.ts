/** Longest name of a function that all models of OpenAI's take; the reference allows 128. */
export const maxToolName = 64
