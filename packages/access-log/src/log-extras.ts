/**
 * What plugins add to the line of an exchange: `llm_summary`, `llm_request`, `llm_response_text`. JSON lines get every
 * member that their format does not have; text lines get those that they name. Bounding the size is up to whoever adds.
 */
export { logExtras } from '@sluice/kernel'

/** Those that a format may name, as `$llm_summary`. */
export const extraNames: ReadonlySet<string> = new Set(['llm_summary', 'llm_request', 'llm_response_text'])
