import { Untranslatable } from './errors.ts'

/** What becomes of something that the other side cannot say. */
export interface Rule {
  /** Where it stands, in the words of the side that says it: `n`, `messages[].content[].input_audio`. */
  readonly what: string
  readonly does: 'dropped' | 'changed' | 'refused'
  /** Of what is refused the reason, in words for the client; else what happens instead, or why nothing is lost. */
  readonly how: string
  /** Members of a request or an answer to which the rule applies: tests hold the code to it. */
  readonly example: Readonly<Record<string, unknown>>
  /** Whether this value of the member `what` is refused; every value is, if absent. */
  readonly refuses?: (value: unknown) => boolean
}

/** What becomes of something in an answer. */
export interface AnswerRule extends Rule {
  /**
   * Whose words `example` is in: members of an answer of a `provider`'s, in the dialect itself, or of one that goes out to a
   * `client`, in those of the pivot.
   */
  readonly of: 'provider' | 'client'
}

/** Throws for the first member that is refused by its value. */
export function refuseMembers(rules: readonly Rule[], body: Readonly<Record<string, unknown>>): void {
  for (const rule of rules) {
    if (rule.does !== 'refused' || !Object.hasOwn(body, rule.what)) continue
    const value = body[rule.what]
    if (value !== undefined && value !== null && (rule.refuses?.(value) ?? true)) throw refusal(rule, rule.what)
  }
}

/** The error of a rule that refuses. */
export function refusal({ how }: Rule, param: string): Untranslatable {
  return new Untranslatable('unsupported_parameter', how, param)
}
