/** What OpenAI's words for effort come to in tokens. */
const budgets: ReadonlyMap<string, number> = new Map([
  ['minimal', 1024],
  ['low', 1024],
  ['medium', 2048],
  ['high', 4096],
  ['xhigh', 8192],
  ['max', 16_384],
])

/** Tokens to think with; undefined for `none`, and for a word that is not known. */
export function budgetOf(effort: string | undefined): number | undefined {
  return budgets.get(effort ?? '')
}

/** The word that comes nearest to so many tokens. */
export function effortOf(budget: number): string {
  if (budget >= 4096) return 'high'
  if (budget >= 2048) return 'medium'
  return budget >= 1024 ? 'low' : 'minimal'
}
