import { slot } from './slot.ts'

/** Members that plugins add to the exchange's line in the access log, set in their log phase; bounded by whoever adds them. */
export const logExtras = slot<Record<string, unknown>>('log.extras')
