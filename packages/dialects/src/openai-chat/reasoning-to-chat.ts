import { isRecord } from '../is-record.ts'
import type { ReasoningDetail } from '../pivot/reasoning.ts'

/** Reads `reasoning_details`; what is none of them is left out. */
export function detailsOf(value: unknown): ReasoningDetail[] {
  return Array.isArray(value) ? value.filter(isDetail) : []
}

function isDetail(value: unknown): value is ReasoningDetail {
  if (!isRecord(value)) return false
  const { type, text, signature, summary, data, format } = value
  if (!isTextOrNothing(format)) return false
  if (type === 'reasoning.text') return isTextOrNothing(text) && isTextOrNothing(signature)
  return type === 'reasoning.summary' ? typeof summary === 'string' : type === 'reasoning.encrypted' && typeof data === 'string'
}

function isTextOrNothing(value: unknown): boolean {
  return value === undefined || value === null || typeof value === 'string'
}
